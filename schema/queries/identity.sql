-- Purpose: which database this is, so that one that was made anew, under the same address, is known as another one.
-- Grain:   one row: the identity of the table opens, '' before the first migration.
-- Units:   a UUID as text, which ClickHouse gives a table when it is created.
-- Reads:   system.tables.
SELECT any(toString(uuid)) AS identity
FROM system.tables
WHERE database = currentDatabase() AND name = 'opens'
