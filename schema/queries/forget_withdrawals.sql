-- Purpose: deletes the rows that link withdrawn old messages to recipients.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   as in expired_recipients.
-- Reads:   the tables sends and withdrawals, so only as the warehouse user. Comes after keep_forgotten_withdrawals.
ALTER TABLE withdrawals DELETE
WHERE recipient_key != 0 AND message_id != toUUID('00000000-0000-0000-0000-000000000000') AND message_id IN (
    SELECT message_id FROM sends
    WHERE registered_at < if(tracking = 'pseudonymous', fromUnixTimestamp64Milli({pseudonymous_ms:Int64}, 'UTC'), fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC')))
