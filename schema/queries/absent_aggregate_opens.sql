-- Purpose: finds the rows of an acknowledged insert into aggregate_opens that are missing in the table.
-- Grain:   one row: the number of rows that are missing, and a record for each: its number in the external table, UInt32.
-- Units:   opened_at is the hour in Unix milliseconds, as in the external table; message_id holds the stratum.
-- Reads:   the table aggregate_opens by its key, so only as the warehouse user.
--
-- The rows come as an external table inserted_rows, as in absent_opens.sql.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(row), ''))) AS records
FROM inserted_rows
WHERE (campaign_id, message_id, opened_at, event_id) NOT IN (
    SELECT campaign_id, stratum_id, toInt64(toUnixTimestamp(opened_hour)) * 1000, event_id
    FROM aggregate_opens
    WHERE (campaign_id, stratum_id) IN (SELECT campaign_id, message_id FROM inserted_rows)
      AND event_id IN (SELECT event_id FROM inserted_rows)
)
