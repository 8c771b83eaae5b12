-- Purpose: the tables of a backup, for its export.
-- Grain:   one row: as lists of equal length each table's name, its engine, its rows and bytes on disk, and the names and types of its columns.
-- Units:   the columns of a table are one text, a name and a type a line in turns; computed columns are left out.
-- Reads:   system.tables and system.columns, so only as the warehouse user. Views and goose's own table have no part.
WITH
    stored AS
    (
        SELECT
            table,
            arrayStringConcat(arrayMap(c -> c.2 || '\n' || c.3, arraySort(groupArray((position, name, type)))), '\n') AS columns
        FROM system.columns
        WHERE database = currentDatabase() AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')
        GROUP BY table
    ),
    listed AS
    (
        SELECT t.name AS name, ifNull(t.total_rows, 0) AS rows, ifNull(t.total_bytes, 0) AS bytes, c.columns AS columns
        FROM system.tables AS t
        INNER JOIN stored AS c ON c.table = t.name
        WHERE t.database = currentDatabase() AND t.engine LIKE '%MergeTree' AND t.name NOT LIKE 'goose%' AND NOT startsWith(t.name, '.')
        ORDER BY t.name
    )
SELECT
    groupArray(name) AS names,
    groupArray(toUInt64(rows)) AS row_counts,
    groupArray(toUInt64(bytes)) AS byte_counts,
    groupArray(columns) AS column_lists
FROM listed
