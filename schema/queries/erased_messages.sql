-- Purpose: the messages of erased persons, by their hashes.
-- Grain:   one row: their number, and a record for each: 12 bytes.
-- Units:   since_ms is Unix milliseconds: of the erasure.
-- Reads:   the table erased_messages, so only as the warehouse user.
SELECT count() AS messages, arrayStringConcat(groupArray(concat(message_hash, ''))) AS records
FROM (SELECT DISTINCT message_hash FROM erased_messages WHERE erased_at >= fromUnixTimestamp64Milli({since_ms:Int64}))
