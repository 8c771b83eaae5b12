-- Purpose: whether dates of last opens are to be removed.
-- Grain:   one row: the number of rows of recipients who refused or withdrew.
-- Units:   a count.
-- Reads:   the tables last_opens, by its key, and withdrawals, so only as the warehouse user.
SELECT count() AS withdrawn
FROM last_opens
WHERE recipient_key IN (
    SELECT recipient_key FROM withdrawals FINAL
    WHERE fate != 'keep' AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
