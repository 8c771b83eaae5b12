-- Purpose: finds the rows of an acknowledged insert into web_events that are missing in the table.
-- Grain:   one row: the number of rows that are missing, and a record for each: its number in the external table, UInt32.
-- Units:   occurred_at is Unix milliseconds, as in the external table.
-- Reads:   the table web_events by the time of the rows, so only as the warehouse user.
--
-- The rows come as an external table inserted_rows: see absent_opens.sql.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(row), ''))) AS records
FROM inserted_rows
WHERE (opened_at, event_id) NOT IN (
    SELECT toUnixTimestamp64Milli(occurred_at), event_id
    FROM web_events
    WHERE occurred_at >= (SELECT fromUnixTimestamp64Milli(min(opened_at)) FROM inserted_rows)
        AND occurred_at <= (SELECT fromUnixTimestamp64Milli(max(opened_at)) FROM inserted_rows)
        AND event_id IN (SELECT event_id FROM inserted_rows)
)
