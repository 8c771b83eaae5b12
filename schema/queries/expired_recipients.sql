-- Purpose: counts the data that still links messages to persons after its retention period.
-- Grain:   one row: counts of messages, campaigns whose key may go, links, dates of last opens and withdrawals, and the campaigns of the messages.
-- Units:   identified_ms and pseudonymous_ms are Unix milliseconds: messages registered before have expired, by mode; 0: none.
-- Reads:   the tables sends, campaigns, recipient_messages, last_opens and withdrawals, so only as the warehouse user.
WITH fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC') AS identified_before,
    fromUnixTimestamp64Milli({pseudonymous_ms:Int64}, 'UTC') AS pseudonymous_before
SELECT
    (SELECT count() FROM sends
        WHERE registered_at < if(tracking = 'pseudonymous', pseudonymous_before, identified_before) AND (recipient != '' OR recipient_key != 0)) AS messages,
    (SELECT count() FROM campaigns
        WHERE id_key != toFixedString('', 32) AND campaign_id IN (
            SELECT campaign_id FROM sends GROUP BY campaign_id
            HAVING max(registered_at) < identified_before
                OR countIf(tracking = 'pseudonymous') > 0 AND maxIf(registered_at, tracking = 'pseudonymous') < pseudonymous_before)) AS keys,
    (SELECT count() FROM recipient_messages
        WHERE (campaign_id, message_id) IN (
            SELECT campaign_id, message_id FROM sends
            WHERE registered_at < if(tracking = 'pseudonymous', pseudonymous_before, identified_before))) AS links,
    (SELECT count() FROM last_opens WHERE opened_on < toDate(identified_before)) AS dates,
    (SELECT count() FROM withdrawals
        WHERE recipient_key != 0 AND message_id != toUUID('00000000-0000-0000-0000-000000000000') AND message_id IN (
            SELECT message_id FROM sends
            WHERE registered_at < if(tracking = 'pseudonymous', pseudonymous_before, identified_before)
                AND message_id IN (SELECT message_id FROM withdrawals WHERE recipient_key != 0))) AS withdrawn,
    (SELECT groupUniqArray(campaign_id) FROM sends
        WHERE registered_at < if(tracking = 'pseudonymous', pseudonymous_before, identified_before) AND (recipient != '' OR recipient_key != 0)) AS campaigns
