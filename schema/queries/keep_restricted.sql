-- Purpose: keeps the messages of recipients who have agreed again unmeasured: their URLs are in mail from before.
-- Grain:   a statement: one row for each message that is not measured by itself and has no such row.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages and sends, so only as the warehouse user.
INSERT INTO withdrawals (recipient_key, message_id, fate, changed_at)
SELECT recipient_key, message_id, if(tracking = 'off', 'drop', 'count'), now64(3, 'UTC')
FROM sends FINAL
WHERE (campaign_id, message_id) IN (
    SELECT campaign_id, message_id FROM recipient_messages
    WHERE recipient_key IN (
        SELECT recipient_key FROM withdrawals FINAL
        WHERE fate = 'keep' AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    )
  AND tracking IN ('aggregate', 'off')
  AND message_id NOT IN (SELECT message_id FROM withdrawals FINAL WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000') AND fate IN ('count', 'anonymous', 'drop'))
