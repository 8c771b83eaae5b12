-- Purpose: reports whether dates of last opens must be removed.
-- Grain:   one row: the number of rows of recipients who refused or withdrew, or no longer have a message of the mode last_open.
-- Units:   a count.
-- Reads:   the tables last_opens, withdrawals, and sends and recipient_messages by their keys, so only as the warehouse user.
--
-- A date names no message. It is removed when the last message of the mode last_open has been lessened.
SELECT count() AS withdrawn
FROM last_opens
WHERE (recipient_key IN (
    SELECT recipient_key FROM withdrawals FINAL
    WHERE fate != 'keep' AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
  OR recipient_key IN (
    SELECT recipient_key FROM withdrawals FINAL
    WHERE fate IN ('count', 'anonymous', 'drop') AND message_id != toUUID('00000000-0000-0000-0000-000000000000'))
  AND recipient_key NOT IN (
    SELECT recipient_key FROM sends FINAL
    WHERE tracking = 'last_open' AND (campaign_id, message_id) IN (
        SELECT campaign_id, message_id FROM recipient_messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate IN ('count', 'anonymous', 'drop') AND message_id != toUUID('00000000-0000-0000-0000-000000000000'))
          AND recipient_key IN (SELECT recipient_key FROM last_opens))))
