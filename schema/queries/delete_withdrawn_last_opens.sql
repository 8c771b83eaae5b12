-- Purpose: removes the dates of recipients who refused or withdrew.
-- Grain:   a statement.
-- Units:   none.
-- Reads:   the tables last_opens and withdrawals, so only as the warehouse user.
ALTER TABLE last_opens DELETE WHERE recipient_key IN (
    SELECT recipient_key FROM withdrawals FINAL
    WHERE fate != 'keep' AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
