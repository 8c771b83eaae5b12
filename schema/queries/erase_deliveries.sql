-- Purpose: deletes the rows of the persons in the table erasing from deliveries.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the table erasing, so only as the warehouse user.
ALTER TABLE deliveries DELETE
WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM erasing WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000'))
