-- Purpose: removes the dates of recipients who refused or withdrew, or no longer have a message of the mode last_open.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the tables last_opens, withdrawals, sends and recipient_messages, so only as the warehouse user.
ALTER TABLE last_opens DELETE WHERE (recipient_key IN (
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
