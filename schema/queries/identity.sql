-- Purpose: the identity of this database, so that a new one under the same address is recognized as different.
-- Grain:   one row: the identity of the table of opens, '' before the first migration.
-- Units:   a UUID as text, which ClickHouse gives a table when it is created.
-- Reads:   system.tables.
SELECT any(toString(uuid)) AS identity
FROM system.tables
WHERE database = currentDatabase() AND name IN ('opens', 'opens_local') AND engine != 'Distributed'
