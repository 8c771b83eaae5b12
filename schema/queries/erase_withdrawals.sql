-- Purpose: deletes the rows of the persons in the table erasing from withdrawals.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the table erasing, so only as the warehouse user.
ALTER TABLE withdrawals DELETE
WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000'))
