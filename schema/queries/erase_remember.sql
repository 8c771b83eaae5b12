-- Purpose: records the messages that are being erased, so that their later opens are dropped.
-- Grain:   a statement: one row per message that is not there yet.
-- Units:   now_ms is Unix milliseconds.
-- Reads:   the tables erasing and erased_messages, so only as the warehouse user.
INSERT INTO erased_messages (message_hash, erased_at)
SELECT DISTINCT CAST(substring(SHA256(UUIDStringToNum(toString(message_id))), 1, 12), 'FixedString(12)') AS hash, fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
FROM erasing
WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000')
    AND hash NOT IN (SELECT message_hash FROM erased_messages)
