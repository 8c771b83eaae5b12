-- Purpose: the next events of a feed of clicks or of all events, among those that were received within the bounds of their campaign.
-- Grain:   one row: the number of events, and lists with an element for each, by key.
-- Units:   times are Unix milliseconds, UTC; class is its name.
-- Reads:   the view arrived_events by the key campaign_id.
--
-- The bounds come as an external table wanted (campaign_id UInt64, first_ms Int64, last_ms Int64), sent along with the query; the key
-- after which to go on comes as parameters. Of the copies of an event that have not merged yet one is taken.
SELECT count() AS events, groupArray(campaign_id) AS campaign_list, groupArray(message_id) AS message_list, groupArray(kind) AS kind_list,
    groupArray(occurred_ms) AS occurred_list, groupArray(event_id) AS id_list, groupArray(received_ms) AS received_list,
    groupArray(class_name) AS class_list, groupArray(reason) AS reason_list
FROM (
    SELECT events.campaign_id AS campaign_id, events.message_id AS message_id, toString(events.event) AS kind,
        toUnixTimestamp64Milli(events.occurred_at) AS occurred_ms, events.event_id AS event_id,
        toUnixTimestamp64Milli(events.received_at) AS received_ms, toString(events.class) AS class_name, toString(events.reason) AS reason
    FROM arrived_events AS events INNER JOIN wanted ON events.campaign_id = wanted.campaign_id
    WHERE events.campaign_id IN (SELECT campaign_id FROM wanted) AND received_ms BETWEEN first_ms AND last_ms
        AND ({events:String} = 'all' OR kind = 'clicked' AND class_name IN ('unknown', 'human_direct', 'proxy_human'))
        AND (campaign_id, message_id, kind, occurred_ms, event_id)
            > ({campaign:UInt64}, {message:UUID}, {kind:String}, {occurred_ms:Int64}, {event:UInt64})
    ORDER BY campaign_id, message_id, kind, occurred_ms, event_id
    LIMIT 1 BY campaign_id, message_id, kind, occurred_ms, event_id
    LIMIT {limit:UInt64}
)
