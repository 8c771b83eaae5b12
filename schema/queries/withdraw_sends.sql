-- Purpose: lowers the tracking mode of withdrawn or restricted messages to that of their fate.
-- Grain:   a statement: one more row for each such message, the latest of it.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages, message_campaigns and sends, so only as the warehouse user.
INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, domain, sequence, sent_at, delivered_at, state, tracking, test,
    url_style, attributes, registration, stratum, registered_at)
SELECT campaign_id, message_id, recipient, recipient_key, domain, sequence, sent_at, delivered_at, state,
    CAST({tracking:Int8}, 'Enum8(\'identified\' = 0, \'pseudonymous\' = 1, \'last_open\' = 2, \'aggregate\' = 3, \'off\' = 4)'),
    test, url_style, attributes, registration, stratum, registered_at + toIntervalMillisecond(1)
FROM sends FINAL
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
  AND toInt8(tracking) < {tracking:Int8}
