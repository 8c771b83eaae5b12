-- Purpose: deletes the rows of the persons in the table erasing from recipient_messages.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the table erasing, so only as the warehouse user.
ALTER TABLE recipient_messages DELETE
WHERE recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)
