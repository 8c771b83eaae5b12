-- Purpose: the messages whose opens may not be kept as their URLs say, by the withdrawals that changed since a time.
-- Grain:   one row: the number of messages, and a record for each: message_id as two UInt64, fate as a byte.
-- Units:   since_ms is Unix milliseconds; fate is a number of the Enum8 of withdrawals, 0 = withdrawn no more.
-- Reads:   the tables withdrawals and recipient_messages, and the view fate_order, so only as the warehouse user.
--
-- All messages of each recipient with a change, and messages with a change of their own: of the rows that concern a message,
-- the recipient's and its own, the strictest holds.
SELECT count() AS messages, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(message_id), char(strictest)))) AS records
FROM (
    SELECT message_id, argMax(toInt8(fate), indexOf((SELECT fates FROM fate_order), toString(fate))) AS strictest
    FROM (
        SELECT messages.message_id AS message_id, recipients.fate AS fate
        FROM (
            SELECT recipient_key, campaign_id, message_id
            FROM recipient_messages
            WHERE recipient_key IN (SELECT recipient_key FROM withdrawals WHERE changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}))
            GROUP BY recipient_key, campaign_id, message_id
        ) AS messages
        INNER JOIN (
            SELECT recipient_key, fate FROM withdrawals FINAL
            WHERE message_id = toUUID('00000000-0000-0000-0000-000000000000')
        ) AS recipients ON recipients.recipient_key = messages.recipient_key
        UNION ALL
        SELECT message_id, fate FROM withdrawals FINAL
        WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000') AND (changed_at >= fromUnixTimestamp64Milli({since_ms:Int64})
            OR recipient_key != 0 AND recipient_key IN (
                SELECT recipient_key FROM withdrawals WHERE changed_at >= fromUnixTimestamp64Milli({since_ms:Int64})))
    )
    GROUP BY message_id
)
