-- Purpose: counts the replaced parts of some tables that are still on the disk.
-- Grain:   one row: their number.
-- Units:   none.
-- Reads:   system.parts.
SELECT count() AS parts
FROM system.parts
WHERE database = currentDatabase() AND NOT active AND table IN {tables:Array(String)}
