-- Purpose: the message of one event.
-- Grain:   one row: how many rows bear the event, its campaign (0: it waits), and its message.
-- Units:   event_id is the lower half of the edge's 128 bits.
-- Reads:   one column of opens and unresolved_opens as a whole, since no key begins with the event; only as the warehouse user.
SELECT count() AS rows, any(campaign_id) AS campaign, any(message_id) AS message
FROM (
    SELECT campaign_id, message_id FROM opens WHERE event_id = {event_id:UInt64}
    UNION ALL
    SELECT 0, message_id FROM unresolved_opens WHERE event_id = {event_id:UInt64} AND moved = 0
)
