-- Purpose: the dates of last opens that may no longer be kept.
-- Grain:   one row per row of last_opens of a recipient who refused or withdrew, or has no message of the mode last_open any more.
-- Units:   opened_on is a day in UTC.
-- Engine:  a plain view over last_opens, withdrawals, and sends and recipient_messages by their keys.
--
-- A date names no message. It is removed when the last message of the mode last_open has been restricted.
CREATE OR REPLACE VIEW forbidden_last_opens
(
    recipient_key UInt128 COMMENT 'Keyed hash of the recipient',
    opened_on Date COMMENT 'Day of the last open, UTC'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT recipient_key, opened_on
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
