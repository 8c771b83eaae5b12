-- Purpose: a value that changes when withdrawals, or messages of erased persons, change.
-- Grain:   one row: the number of rows, and the latest change in Unix milliseconds, 0 without any.
-- Units:   none beside these.
-- Reads:   the tables withdrawals and erased_messages, so only as the warehouse user.
SELECT count() AS rows, if(rows = 0, 0, toUnixTimestamp64Milli(max(changed_at))) AS latest
FROM (
    SELECT changed_at FROM withdrawals
    UNION ALL
    SELECT erased_at AS changed_at FROM erased_messages
)
