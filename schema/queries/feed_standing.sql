-- Purpose: the messages that still have events of a kind, since an erasure or a withdrawal may have removed events that a feed retries.
-- Grain:   one row: the number of messages and kinds, and lists with an element for each.
-- Units:   kind is the kind of the event, such as opened.
-- Reads:   the view arrived_events by the key campaign_id and message_id.
--
-- The messages come as an external table wanted_keys (campaign_id UInt64, message_id UUID), sent along with the query.
SELECT count() AS kinds, groupArray(campaign) AS campaign_list, groupArray(message) AS message_list, groupArray(kind) AS kind_list
FROM (
    SELECT DISTINCT campaign_id AS campaign, message_id AS message, toString(event) AS kind
    FROM arrived_events
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM wanted_keys)
)
