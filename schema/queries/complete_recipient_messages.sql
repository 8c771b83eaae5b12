-- Purpose: adds to recipient_messages the messages of a campaign that an insert into sends left out when it was cut off.
-- Grain:   one row per message of a recipient; a row that another program adds meanwhile is replaced by an equal one.
-- Units:   none.
-- Reads:   the tables sends and recipient_messages by their keys, so only as the warehouse user.
INSERT INTO recipient_messages (recipient_key, campaign_id, message_id)
SELECT recipient_key, campaign_id, message_id
FROM sends
WHERE campaign_id = {campaign_id:UInt64} AND recipient_key != 0 AND (recipient_key, message_id) NOT IN (
    SELECT recipient_key, message_id
    FROM recipient_messages
    WHERE campaign_id = {campaign_id:UInt64} AND recipient_key IN (SELECT recipient_key FROM sends WHERE campaign_id = {campaign_id:UInt64})
)
