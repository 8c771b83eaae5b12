-- Purpose: the opened messages of one campaign by some dimensions, the most frequent value of each first.
-- Grain:   one row: the number of values, and lists with an element for each.
-- Units:   counts of messages.
-- Reads:   the view opens_by_dimension, which the read-only user may read.
SELECT
    count() AS values,
    groupArray(toString(dimension)) AS dimension_list,
    groupArray(value) AS value_list,
    groupArray(toUInt64(unique_opens)) AS unique_opens_list,
    groupArray(toUInt64(reliable_unique_opens)) AS reliable_unique_opens_list
FROM (
    SELECT dimension, value, unique_opens, reliable_unique_opens
    FROM opens_by_dimension
    WHERE campaign_id = {campaign_id:UInt64} AND dimension IN {dimensions:Array(String)}
    ORDER BY unique_opens DESC, reliable_unique_opens DESC, value
)
