-- Purpose: the definitions of the tables, and of the views that fill them, for another replica.
-- Grain:   one row per table or materialized view, tables first.
-- Units:   none.
-- Reads:   system.tables.
SELECT name, create_table_query AS definition
FROM system.tables
WHERE database = currentDatabase() AND (engine LIKE '%MergeTree' OR engine IN ('Distributed', 'MaterializedView')) AND NOT startsWith(name, '.')
    AND name NOT LIKE 'goose%'
ORDER BY indexOf(['Distributed', 'MaterializedView'], engine), name
SETTINGS show_table_uuid_in_table_create_query_if_not_nil = 1
