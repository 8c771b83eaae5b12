-- Purpose: adds the messages of the recipients that are being erased to the table erasing.
-- Grain:   a statement: one row per message that is not there yet.
-- Units:   none.
-- Reads:   the tables erasing, recipient_messages and sends, so only as the warehouse user.
INSERT INTO erasing (recipient_key, campaign_id, message_id, event_id)
SELECT DISTINCT recipient_key, campaign_id, message_id, 0
FROM (
    SELECT recipient_key, campaign_id, message_id FROM recipient_messages
    WHERE recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)
    UNION ALL
    SELECT recipient_key, campaign_id, message_id FROM sends
    WHERE recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)
)
WHERE (campaign_id, message_id) NOT IN (SELECT campaign_id, message_id FROM erasing)
