-- Purpose: removes the facts that the mode pseudonymous forbids from the opens of messages that have it now.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages and message_campaigns, so only as the warehouse user.
ALTER TABLE opens UPDATE ip = toIPv6('::'), region = '', referer_host = '', ja4 = '', path = '', extra = ''
WHERE (campaign_id, message_id) IN (
        SELECT campaign_id, message_id FROM recipient_messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
        UNION ALL
        SELECT campaign_id, message_id FROM message_campaigns
        WHERE message_id IN (
            SELECT message_id FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id != toUUID('00000000-0000-0000-0000-000000000000'))
    )
  AND (ip != toIPv6('::') OR region != '' OR referer_host != '' OR ja4 != '' OR path != '' OR extra != '')
