-- Purpose: the lifetimes that a table has.
-- Grain:   one row: a list of the TTLs of columns or rows in the form that glint sets, and whether rows have a TTL of any form.
-- Units:   seconds.
-- Reads:   system.tables.
SELECT arrayMap(n -> toUInt64(n), extractAll(any(create_table_query), 'toIntervalSecond\\((\\d+)\\)')) AS seconds,
    position(any(engine_full), ' TTL ') > 0 AS rows
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
