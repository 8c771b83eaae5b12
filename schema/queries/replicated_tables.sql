-- Purpose: whether the tables replicate, so that an insert has to wait for a majority of the replicas.
-- Grain:   one row: the number of tables that do.
-- Units:   none.
-- Reads:   system.tables.
SELECT count() AS tables
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE 'Replicated%'
