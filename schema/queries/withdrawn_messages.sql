-- Purpose: the messages whose opens may not be kept, by the withdrawals that changed since a time.
-- Grain:   one row: the number of messages, and a record for each: message_id as two UInt64, fate as a byte.
-- Units:   since_ms is Unix milliseconds; fate is a number of the Enum8 of withdrawals, 0 = withdrawn no more.
-- Reads:   the tables withdrawals and recipient_messages, so only as the warehouse user.
SELECT count() AS messages, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(message_id), char(fate)))) AS records
FROM (
    SELECT messages.message_id AS message_id, toInt8(changed.fate) AS fate
    FROM (
        SELECT recipient_key, campaign_id, message_id
        FROM recipient_messages
        WHERE recipient_key IN (SELECT recipient_key FROM withdrawals WHERE changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}))
        GROUP BY recipient_key, campaign_id, message_id
    ) AS messages
    INNER JOIN (
        SELECT recipient_key, fate FROM withdrawals FINAL
        WHERE message_id = toUUID('00000000-0000-0000-0000-000000000000')
    ) AS changed ON changed.recipient_key = messages.recipient_key
    UNION ALL
    SELECT message_id, toInt8(fate) FROM withdrawals FINAL
    WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000') AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64})
)
