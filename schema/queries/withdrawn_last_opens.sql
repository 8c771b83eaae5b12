-- Purpose: counts the dates of last opens that must be removed.
-- Grain:   one row.
-- Units:   a count of rows of last_opens.
-- Reads:   the view forbidden_last_opens, so only as the warehouse user.
SELECT count() AS withdrawn
FROM forbidden_last_opens
