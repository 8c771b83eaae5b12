-- Purpose: deletes the rows of the persons in the table erasing from last_opens.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the table erasing, so only as the warehouse user.
ALTER TABLE last_opens DELETE
WHERE recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)
