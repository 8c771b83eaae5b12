-- Purpose: counts the rows of sends without a recipient_key.
-- Grain:   one row.
-- Units:   rows, merged or not.
-- Reads:   of the table sends two columns, only as the warehouse user.
SELECT count()
FROM sends
WHERE recipient_key = 0 AND recipient != ''
