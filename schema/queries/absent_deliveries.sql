-- Purpose: finds the events of a list that are missing in deliveries, or have a lower version there.
-- Grain:   one row: the number of such events, and a record for each: its number in the external table and known, both UInt32.
-- Units:   occurred_at is Unix milliseconds, as in the external table.
-- Reads:   the table deliveries by its key, so only as the warehouse user.
--
-- known is 1 if the event is there with a lower version, else 0.
-- The events come as an external table inserted_deliveries (row UInt32, campaign_id UInt64, message_id UUID, kind Int8,
-- occurred_at Int64, link_hash UInt64, version UInt32), sent along with the query.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(row), reinterpretAsFixedString(toUInt32(known > 0))))) AS records
FROM inserted_deliveries AS inserted
LEFT ANY JOIN (
    SELECT campaign_id, message_id, toInt8(kind) AS kind, toUnixTimestamp64Milli(occurred_at) AS occurred_at, link_hash,
        max(verdict_version) AS known
    FROM deliveries
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM inserted_deliveries)
    GROUP BY campaign_id, message_id, kind, occurred_at, link_hash
) AS there USING (campaign_id, message_id, kind, occurred_at, link_hash)
WHERE known < version
