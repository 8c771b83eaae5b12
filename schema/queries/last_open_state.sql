-- Purpose: whether dates of last opens are to be merged or removed.
-- Grain:   one row: rows that a later one has replaced, and recipients with a date who refused or withdrew.
-- Units:   counts.
-- Reads:   the tables last_opens and withdrawals, so only as the warehouse user.
SELECT
    (SELECT toUInt64(count() - uniqExact(recipient_key)) FROM last_opens) AS replaced,
    (SELECT count() FROM last_opens WHERE recipient_key IN (
        SELECT recipient_key FROM withdrawals FINAL
        WHERE fate != 'keep' AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))) AS withdrawn
