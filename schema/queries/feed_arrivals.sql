-- Purpose: the latest arrivals of events of messages in the warehouse, for a feed that passes on each event.
-- Grain:   one row: the warehouse's clock, the number of arrivals, and lists with an element for each, by time.
-- Units:   times are Unix milliseconds, UTC.
-- Reads:   the view event_arrivals.
SELECT toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms, count() AS arrivals, groupArray(arrived) AS arrived_list,
    groupArray(campaign) AS campaign_list, groupArray(first) AS first_list, groupArray(last) AS last_list
FROM (
    SELECT toUnixTimestamp64Milli(arrived_at) AS arrived, campaign_id AS campaign, toUnixTimestamp64Milli(received_from) AS first,
        toUnixTimestamp64Milli(received_to) AS last
    FROM event_arrivals
    WHERE campaign_id != 0 AND arrived_at > fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    ORDER BY arrived_at, campaign_id
    LIMIT {limit:UInt64}
)
