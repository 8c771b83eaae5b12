-- Purpose: finds the rows of an acknowledged insert into bad_tokens that are missing in the table.
-- Grain:   one row: the number of rows that are missing, and a record for each: its number in the external table, UInt32.
-- Units:   opened_at is Unix milliseconds, as in the external table.
-- Reads:   the table bad_tokens by the event, so only as the warehouse user; its size is capped.
--
-- The rows come as an external table inserted_rows: see absent_opens.sql.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(row), ''))) AS records
FROM inserted_rows
WHERE (opened_at, event_id) NOT IN (
    SELECT toUnixTimestamp64Milli(opened_at), event_id
    FROM bad_tokens
    WHERE event_id IN (SELECT event_id FROM inserted_rows)
)
