-- Purpose: the lifetimes that the rows or columns of a table have, as glint sets them.
-- Grain:   one row: a list with an element for each.
-- Units:   seconds.
-- Reads:   system.tables.
SELECT arrayMap(n -> toUInt64(n), extractAll(any(create_table_query), 'toIntervalSecond\\((\\d+)\\)')) AS seconds
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
