-- Purpose: how long the recipients of one campaign took to open it.
-- Grain:   one row: the messages whose time is not known, the number of classes, and lists with an element for each, the shortest first.
-- Units:   minutes; counts of messages.
-- Reads:   the view time_to_open, which the read-only user may read.
SELECT
    toUInt64(sumIf(messages, from_minutes IS NULL)) AS untimed,
    countIf(from_minutes IS NOT NULL) AS classes,
    groupArray(assumeNotNull(from_minutes)) AS from_list,
    groupArray(assumeNotNull(to_minutes)) AS to_list,
    groupArrayIf(toUInt64(messages), from_minutes IS NOT NULL) AS messages_list
FROM (
    SELECT from_minutes, to_minutes, messages
    FROM time_to_open
    WHERE campaign_id = {campaign_id:UInt64}
    ORDER BY from_minutes
)
