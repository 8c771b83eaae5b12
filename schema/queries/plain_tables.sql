-- Purpose: counts the tables that belong to a single server, for migrate.
-- Grain:   one row: their number.
-- Units:   none.
-- Reads:   system.tables.
SELECT count() AS tables
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND engine NOT LIKE 'Replicated%' AND engine NOT LIKE 'Shared%'
    AND name NOT LIKE 'goose%' AND NOT startsWith(name, '.')
