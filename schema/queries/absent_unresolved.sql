-- Purpose: finds the rows of an acknowledged insert into unresolved_opens that are missing in the table.
-- Grain:   one row: the number of rows that are missing, and a record for each: its number in the external table, UInt32.
-- Units:   opened_at is Unix milliseconds, as in the external table.
-- Reads:   the table unresolved_opens by its key, so only as the warehouse user.
--
-- The rows come as an external table inserted_rows: see absent_opens.sql. An open that has been moved is there.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(row), ''))) AS records
FROM inserted_rows
WHERE (message_id, opened_at, event_id) NOT IN (
    SELECT message_id, toUnixTimestamp64Milli(opened_at), event_id
    FROM unresolved_opens
    WHERE message_id IN (SELECT message_id FROM inserted_rows)
      AND event_id IN (SELECT event_id FROM inserted_rows)
)
