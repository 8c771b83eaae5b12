-- Purpose: deletes the links from recipients to old messages.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   as in expired_recipients.
-- Reads:   the table sends, so only as the warehouse user.
ALTER TABLE recipient_messages DELETE
WHERE (campaign_id, message_id) IN (
    SELECT campaign_id, message_id FROM sends
    WHERE registered_at < if(tracking = 'pseudonymous', fromUnixTimestamp64Milli({pseudonymous_ms:Int64}, 'UTC'), fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC')))
