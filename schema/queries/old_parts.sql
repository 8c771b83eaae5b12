-- Purpose: the parts of some tables that were replaced and are still on the disk.
-- Grain:   one row: their number.
-- Units:   none.
-- Reads:   system.parts.
SELECT count() AS parts
FROM system.parts
WHERE database = currentDatabase() AND NOT active AND table IN {tables:Array(String)}
