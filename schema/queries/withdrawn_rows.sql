-- Purpose: counts the remaining opens and web events of withdrawn or restricted messages, and the messages that still count as measured individually.
-- Grain:   one row: the opens, the waiting opens, the web events, the messages, and the campaigns of the opens.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal. Of the fate pseudonymous, opens with facts that it forbids.
-- Reads:   the tables withdrawals, recipient_messages, message_campaigns, opens, unresolved_opens, web_events and sends, so only as the warehouse user.
WITH concerned AS (
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
SELECT found.1 AS opens, unresolved, web, sends, found.2 AS campaigns
FROM (
    SELECT
        (SELECT tuple(uniqExact(campaign_id, message_id, event_id), groupUniqArray(campaign_id)) FROM opens
            WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM concerned)
              AND ({fate:String} != 'pseudonymous' OR ip != toIPv6('::') OR region != '' OR referer_host != '' OR ja4 != '' OR path != '' OR extra != '')) AS found,
        (SELECT count() FROM unresolved_opens
            WHERE message_id IN (SELECT message_id FROM concerned)
              AND ({fate:String} != 'pseudonymous' OR ip != toIPv6('::') OR region != '' OR referer_host != '' OR ja4 != '' OR path != '' OR extra != '')) AS unresolved,
        (SELECT count() FROM web_events WHERE message_id IN (SELECT message_id FROM concerned)) AS web,
        (SELECT count() FROM sends FINAL
            WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM concerned)
              AND toInt8(tracking) < {tracking:Int8}) AS sends
)
