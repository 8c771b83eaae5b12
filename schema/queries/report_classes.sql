-- Purpose: the opens of one campaign by class of client, the most frequent first.
-- Grain:   one row: the number of classes with at least one open, and lists with an element for each, in that order.
-- Units:   opens_total counts events, unique_opens messages.
-- Reads:   the view opens_by_class, which the read-only user may read.
SELECT
    count() AS classes,
    groupArray(class) AS class_list,
    groupArray(toUInt64(opens_total)) AS opens_total_list,
    groupArray(toUInt64(unique_opens)) AS unique_opens_list
FROM (
    SELECT class, opens_total, unique_opens
    FROM opens_by_class
    WHERE campaign_id = {campaign_id:UInt64}
    ORDER BY opens_total DESC, class
)
