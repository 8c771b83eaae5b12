-- Purpose: reports whether a message was ever registered, with a key that may be lost.
-- Grain:   one row.
-- Units:   messages is 0 or 1.
-- Reads:   the table sends, so only as the warehouse user.
SELECT count() AS messages
FROM (SELECT 1 FROM sends LIMIT 1)
