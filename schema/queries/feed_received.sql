-- Purpose: the campaigns with events that were received since a time, for a feed that has to catch up.
-- Grain:   one row: the warehouse's clock, the number of campaigns, and lists with an element for each.
-- Units:   times are Unix milliseconds, UTC.
-- Reads:   the view arrived_events, all of its received_at: it is asked once at a start, and after a fault of the warehouse.
--
-- Arrivals are kept for a day, and are missing for an insert that was cut off between its events and its arrival.
SELECT toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms, count() AS campaigns, groupArray(campaign) AS campaign_list,
    groupArray(first) AS first_list, groupArray(last) AS last_list
FROM (
    SELECT campaign_id AS campaign, toUnixTimestamp64Milli(min(received_at)) AS first, toUnixTimestamp64Milli(max(received_at)) AS last
    FROM arrived_events
    WHERE received_at > fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    GROUP BY campaign_id
)
