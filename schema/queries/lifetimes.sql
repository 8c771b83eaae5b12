-- Purpose: the lifetimes that a table has.
-- Grain:   one row: a list of those of columns or rows, as glint sets them, and whether rows have one of any form.
-- Units:   seconds.
-- Reads:   system.tables.
SELECT arrayMap(n -> toUInt64(n), extractAll(any(create_table_query), 'toIntervalSecond\\((\\d+)\\)')) AS seconds,
    position(any(engine_full), ' TTL ') > 0 AS rows
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
