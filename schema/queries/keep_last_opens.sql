-- Purpose: stores the date of each recipient's last open by a person, from opens of messages that have become last_open.
-- Grain:   a statement: one row for each recipient; an earlier date than the one that is kept changes nothing.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal.
-- Reads:   the tables withdrawals, recipient_messages, message_campaigns, opens and sends, so only as the warehouse user.
INSERT INTO last_opens (recipient_key, opened_on)
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
SELECT recipient_key, max(day)
FROM (
    SELECT campaign_id, message_id, toDate(max(opened_at)) AS day
    FROM opens FINAL
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM concerned)
      AND class IN ('human_direct', 'proxy_human') AND time_suspect = 'none'
    GROUP BY campaign_id, message_id
) AS opened
INNER JOIN (
    SELECT campaign_id, message_id, recipient_key
    FROM sends FINAL
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM concerned)
      AND recipient_key != 0 AND NOT test AND tracking IN ('identified', 'pseudonymous', 'last_open')
) AS known USING (campaign_id, message_id)
GROUP BY recipient_key
