-- Purpose: whether withdrawals have changed.
-- Grain:   one row: the number of rows, and the latest change in Unix milliseconds, 0 without any.
-- Units:   none beside these.
-- Reads:   the table withdrawals, so only as the warehouse user.
SELECT count() AS rows, if(rows = 0, 0, toUnixTimestamp64Milli(max(changed_at))) AS latest
FROM withdrawals
