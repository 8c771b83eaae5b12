-- Purpose: deletes the rows of the persons in the table erasing from bad_tokens.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the table erasing, so only as the warehouse user.
ALTER TABLE bad_tokens DELETE
WHERE event_id IN (SELECT event_id FROM erasing WHERE event_id != 0)
