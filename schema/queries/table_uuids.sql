-- Purpose: the UUIDs of replicated tables, which their replicas share.
-- Grain:   one row per table.
-- Units:   none.
-- Reads:   system.tables.
SELECT name, toString(uuid) AS uuid
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE 'Replicated%'
ORDER BY name
