-- Purpose: reports whether the tables are replicated, so that an insert must wait for a majority of the replicas.
-- Grain:   one row: the number of tables that do.
-- Units:   none.
-- Reads:   system.tables.
SELECT count() AS tables
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE 'Replicated%'
