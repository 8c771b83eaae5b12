-- Purpose: reports whether dates of last opens must be merged.
-- Grain:   one row: the number of rows that a later one has replaced.
-- Units:   a count.
-- Reads:   the table last_opens as a whole, so only as the warehouse user.
SELECT toUInt64(count() - uniqExact(recipient_key)) AS replaced FROM last_opens
