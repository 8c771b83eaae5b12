-- Purpose: the UUIDs of replicated tables, which their replicas share.
-- Grain:   one row: as lists of equal length each table's name and its UUID.
-- Units:   none.
-- Reads:   system.tables.
SELECT groupArray(name) AS names, groupArray(toString(uuid)) AS uuids
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE 'Replicated%'
