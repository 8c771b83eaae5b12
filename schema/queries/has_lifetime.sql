-- Purpose: whether rows of a table have a lifetime.
-- Grain:   one row.
-- Units:   1: they have.
-- Reads:   system.tables.
SELECT toUInt64(position(any(engine_full), ' TTL ') > 0) AS has
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
