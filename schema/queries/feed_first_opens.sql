-- Purpose: the next events of a feed of first opens: messages whose first open was received within the bounds of their campaign.
-- Grain:   one row: the number of messages, and lists with an element for each, by key.
-- Units:   times are Unix milliseconds, UTC; class is its name.
-- Reads:   the view arrived_events by the key campaign_id and message_id.
--
-- The first open is the one that was received first, so that a receiver gets at most one per message. With events = 'reliable' only
-- opens by a person count, otherwise all opens; opens with an impossible time never count. The external table wanted and the
-- parameters are as in feed_events.sql.
SELECT count() AS messages, groupArray(campaign_id) AS campaign_list, groupArray(message_id) AS message_list, groupArray('opened') AS kind_list,
    groupArray(first.2) AS occurred_list, groupArray(first.3) AS id_list, groupArray(first.1) AS received_list,
    groupArray(first.4) AS class_list, groupArray(first.5) AS reason_list
FROM (
    SELECT opened.campaign_id AS campaign_id, message_id, first
    FROM (
        SELECT campaign_id, message_id,
            min((toUnixTimestamp64Milli(received_at), toUnixTimestamp64Milli(occurred_at), event_id, toString(class), toString(reason))) AS first
        FROM arrived_events
        WHERE campaign_id IN (SELECT campaign_id FROM wanted) AND event = 'opened' AND time_suspect = 'none' AND class != 'not_image'
            AND ({events:String} = 'first' OR class IN ('human_direct', 'proxy_human'))
            AND message_id IN (
                SELECT events.message_id
                FROM arrived_events AS events INNER JOIN wanted ON events.campaign_id = wanted.campaign_id
                WHERE events.campaign_id IN (SELECT campaign_id FROM wanted) AND events.event = 'opened'
                    AND toUnixTimestamp64Milli(events.received_at) BETWEEN first_ms AND last_ms
            )
            AND (campaign_id, message_id) > ({campaign:UInt64}, {message:UUID})
        GROUP BY campaign_id, message_id
    ) AS opened INNER JOIN wanted ON opened.campaign_id = wanted.campaign_id
    WHERE first.1 BETWEEN first_ms AND last_ms
    ORDER BY campaign_id, message_id
    LIMIT {limit:UInt64}
)
