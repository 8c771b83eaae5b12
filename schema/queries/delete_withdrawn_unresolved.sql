-- Purpose: deletes the opens of withdrawn or restricted messages that waited for their registration.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages and message_campaigns, so only as the warehouse user.
ALTER TABLE unresolved_opens DELETE
WHERE message_id IN (SELECT message_id FROM (
        SELECT campaign_id, message_id FROM recipient_messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
        UNION ALL
        SELECT campaign_id, message_id FROM message_campaigns
        WHERE message_id IN (
            SELECT message_id FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id != toUUID('00000000-0000-0000-0000-000000000000'))
    ))
