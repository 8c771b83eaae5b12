-- Purpose: the parts of some tables, from which a copy derives the parts that it has not seen.
-- Grain:   one row: as lists of equal length each part's table, its name, its partition, and the first and the last of the inserts that it holds.
-- Units:   inserts are numbered within their partition; a merged or changed part holds the inserts of its sources.
-- Reads:   system.parts.
SELECT
    groupArray(table) AS tables,
    groupArray(name) AS names,
    groupArray(partition_id) AS partitions,
    groupArray(min_block_number) AS first_inserts,
    groupArray(max_block_number) AS last_inserts
FROM system.parts
WHERE database = currentDatabase() AND table IN {tables:Array(String)} AND active
