-- Purpose: notes of registered messages that less of them may be kept than their URLs say.
-- Grain:   a statement: one row for each message that has no row as strict as that.
-- Units:   now is Unix milliseconds.
-- Reads:   the tables sends, by its key, and withdrawals, and the view fate_order, so only as the warehouse user.
--
-- The messages come as an external table restricted_messages (message_id UUID, fate String). The new row is later than one that the
-- message has.
INSERT INTO withdrawals (recipient_key, message_id, fate, changed_at)
SELECT recipient_key, message_id, wanted, greatest(fromUnixTimestamp64Milli({now:Int64}, 'UTC'), was_changed_at + toIntervalMillisecond(1))
FROM (
    SELECT recipient_key, message_id, restricted.fate AS wanted
    FROM (
        SELECT recipient_key, message_id FROM sends FINAL
        WHERE campaign_id = {campaign_id:UInt64} AND message_id IN (SELECT message_id FROM restricted_messages)
    ) AS registered
    ANY INNER JOIN restricted_messages AS restricted USING (message_id)
) AS wanted_rows
LEFT JOIN (
    SELECT message_id, max(indexOf((SELECT fates FROM fate_order), toString(fate))) AS strictness, max(changed_at) AS was_changed_at
    FROM withdrawals FINAL
    WHERE message_id IN (SELECT message_id FROM restricted_messages)
    GROUP BY message_id
) AS known USING (message_id)
WHERE indexOf((SELECT fates FROM fate_order), wanted) > strictness
SETTINGS join_use_nulls = 0
