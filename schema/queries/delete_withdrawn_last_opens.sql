-- Purpose: deletes the dates of last opens that may no longer be kept.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the view forbidden_last_opens, so only as the warehouse user.
ALTER TABLE last_opens DELETE WHERE recipient_key IN (SELECT recipient_key FROM forbidden_last_opens)
