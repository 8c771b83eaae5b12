-- Purpose: removes the message from events of web pages whose message is withdrawn or restricted.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages and message_campaigns, so only as the warehouse user.
--
-- They stay: they are events of the site, too.
ALTER TABLE web_events UPDATE campaign_id = 0, message_id = toUUID('00000000-0000-0000-0000-000000000000')
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
