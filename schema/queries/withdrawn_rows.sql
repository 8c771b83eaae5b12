-- Purpose: how many opens of withdrawn messages are still kept, and how many messages count as measured by themselves.
-- Grain:   one row.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages, opens, unresolved_opens and sends, so only as the warehouse user.
SELECT
    (SELECT uniqExact(campaign_id, message_id, event_id) FROM opens WHERE (campaign_id, message_id) IN (
        SELECT messages.campaign_id, messages.message_id
        FROM recipient_messages AS messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND withdrawals.message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    )) AS opens,
    (SELECT count() FROM unresolved_opens WHERE message_id IN (SELECT message_id FROM (
        SELECT messages.campaign_id, messages.message_id
        FROM recipient_messages AS messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND withdrawals.message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    ))) AS unresolved,
    (SELECT count() FROM sends FINAL WHERE (campaign_id, message_id) IN (
        SELECT messages.campaign_id, messages.message_id
        FROM recipient_messages AS messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND withdrawals.message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    ) AND toInt8(tracking) < {tracking:Int8}) AS sends
