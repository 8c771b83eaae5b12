-- Purpose: the time that the recipients of some campaigns took to open them.
-- Grain:   one row: the number of classes, and lists with an element for each, the shortest first; from -1 to -1: of unknown time.
-- Units:   minutes; counts of messages.
-- Reads:   the view time_to_open, which the read-only user may read.
SELECT
    count() AS classes,
    groupArray(campaign_id) AS id_list,
    groupArray(ifNull(toInt64(from_minutes), -1)) AS from_list,
    groupArray(ifNull(toInt64(to_minutes), -1)) AS to_list,
    groupArray(toUInt64(messages)) AS messages_list
FROM (
    SELECT campaign_id, from_minutes, to_minutes, messages
    FROM time_to_open
    WHERE campaign_id IN {campaign_ids:Array(UInt64)}
    ORDER BY campaign_id, from_minutes
)
