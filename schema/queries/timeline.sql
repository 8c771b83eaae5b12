-- Purpose: the opens of one campaign over time, in the order of time.
-- Grain:   one row: the time of sending, the number of quarters of an hour with an open, and lists with an element for each.
-- Units:   quarters are Unix seconds, 0 = the time of the opens is not possible; sent_at is Unix milliseconds, 0 = not known; opens
--          counts events, the other lists messages.
-- Reads:   the views opens_by_quarter_hour and campaign_starts, which the read-only user may read.
SELECT
    (SELECT sum(toUnixTimestamp64Milli(starts_at) * sent_known) FROM campaign_starts WHERE campaign_id = {campaign_id:UInt64}) AS sent_at,
    count() AS quarters,
    groupArray(quarter) AS quarter_list,
    groupArray(toUInt64(opens)) AS opens_list,
    groupArray(toUInt64(unique_opens)) AS unique_opens_list,
    groupArray(toUInt64(reliable_unique_opens)) AS reliable_unique_opens_list
FROM (
    SELECT toUnixTimestamp(quarter_hour) AS quarter, opens, unique_opens, reliable_unique_opens
    FROM opens_by_quarter_hour
    WHERE campaign_id = {campaign_id:UInt64}
    ORDER BY quarter
)
