-- Purpose: finds the rows of an acknowledged insert into opens that are missing in the table.
-- Grain:   one row: the number of rows that are missing, and a record for each: its number in the external table, UInt32.
-- Units:   opened_at is Unix milliseconds, as in the external table.
-- Reads:   the table opens by its key, so only as the warehouse user.
--
-- The rows come as an external table inserted_rows (row UInt32, campaign_id UInt64, message_id UUID, opened_at Int64,
-- event_id UInt64), sent along with the query. Their times leave out each part of the table that is older or younger: of a
-- long import, which comes in the order of time, nearly all that is there.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(row), ''))) AS records
FROM inserted_rows
WHERE (campaign_id, message_id, opened_at, event_id) NOT IN (
    SELECT campaign_id, message_id, toUnixTimestamp64Milli(opened_at), event_id
    FROM opens
    WHERE opened_at >= (SELECT fromUnixTimestamp64Milli(min(opened_at)) FROM inserted_rows)
      AND opened_at <= (SELECT fromUnixTimestamp64Milli(max(opened_at)) FROM inserted_rows)
      AND (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM inserted_rows)
      AND event_id IN (SELECT event_id FROM inserted_rows)
)
