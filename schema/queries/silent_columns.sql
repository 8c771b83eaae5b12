-- Purpose: the columns of this schema's tables that have no comment, for migrate.
-- Grain:   one row per column.
-- Units:   none.
-- Reads:   system.columns and system.tables; only as the warehouse user.
SELECT table, name
FROM system.columns
WHERE database = currentDatabase() AND comment = '' AND table IN (
    SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree'))
ORDER BY table, position
