-- Purpose: keeps a withdrawal in force for old messages after they are no longer linked to persons.
-- Grain:   a statement: one row more for each such message, without recipient_key; again it changes nothing.
-- Units:   as in expired_recipients.
-- Reads:   the tables sends, withdrawals and recipient_messages, and the view fate_order, so only as the warehouse user. Comes before the links go.
--
-- Of the rows that concern a message, its recipient's and its own, the strictest holds.
INSERT INTO withdrawals (recipient_key, message_id, fate, changed_at)
SELECT 0, message_id, argMax(fate, indexOf((SELECT fates FROM fate_order), toString(fate))), max(changed_at)
FROM (
    SELECT messages.message_id AS message_id, recipients.fate AS fate, recipients.changed_at AS changed_at
    FROM (
        SELECT recipient_key, campaign_id, message_id FROM recipient_messages
        WHERE recipient_key IN (SELECT recipient_key FROM withdrawals WHERE message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    ) AS messages
    INNER JOIN (
        SELECT recipient_key, fate, changed_at FROM withdrawals FINAL
        WHERE message_id = toUUID('00000000-0000-0000-0000-000000000000') AND fate != 'keep'
    ) AS recipients ON recipients.recipient_key = messages.recipient_key
    UNION ALL
    SELECT message_id, fate, changed_at FROM withdrawals FINAL
    WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000')
)
WHERE message_id IN (
    SELECT message_id FROM sends
    WHERE registered_at < if(tracking = 'pseudonymous', fromUnixTimestamp64Milli({pseudonymous_ms:Int64}, 'UTC'), fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC')))
GROUP BY message_id
