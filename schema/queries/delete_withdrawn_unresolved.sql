-- Purpose: deletes the opens of withdrawn messages that waited for their registration.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals and recipient_messages, so only as the warehouse user.
ALTER TABLE unresolved_opens DELETE
WHERE message_id IN (SELECT message_id FROM (
        SELECT messages.campaign_id, messages.message_id
        FROM recipient_messages AS messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND withdrawals.message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    ))
