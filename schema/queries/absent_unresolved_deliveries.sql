-- Purpose: finds the events of a list that are missing in unresolved_deliveries, or have a lower version there.
-- Grain:   one row: the number of such events, and a record for each, as in absent_deliveries. An event that was moved is there.
-- Units:   occurred_at is Unix milliseconds, as in the external table.
-- Reads:   the table unresolved_deliveries by its key, so only as the warehouse user.
--
-- The events come as an external table inserted_unresolved (row UInt32, message_id UUID, campaign String, low UInt64,
-- high UInt64, kind Int8, occurred_at Int64, link_hash UInt64, version UInt32); low and high are the halves of recipient_key.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(row), reinterpretAsFixedString(toUInt32(known > 0))))) AS records
FROM (
    SELECT row, message_id, campaign, bitOr(bitShiftLeft(toUInt128(high), 64), toUInt128(low)) AS recipient_key,
        kind, occurred_at, link_hash, version
    FROM inserted_unresolved
) AS inserted
LEFT ANY JOIN (
    SELECT message_id, toString(campaign) AS campaign, recipient_key, toInt8(kind) AS kind,
        toUnixTimestamp64Milli(occurred_at) AS occurred_at, link_hash, max(verdict_version) AS known
    FROM unresolved_deliveries
    WHERE message_id IN (SELECT message_id FROM inserted_unresolved)
    GROUP BY message_id, campaign, recipient_key, kind, occurred_at, link_hash
) AS there USING (message_id, campaign, recipient_key, kind, occurred_at, link_hash)
WHERE known < version
