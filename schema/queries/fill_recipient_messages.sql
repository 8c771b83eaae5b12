-- Purpose: adds to recipient_messages the rows of sends that an older program wrote.
-- Grain:   one row per message of a recipient; a row that is there already is replaced by an equal one.
-- Units:   none.
-- Reads:   the tables sends and recipient_secret, so only as the warehouse user.
--
-- The key is computed as in fill_recipient_keys, which comes after it: cut off between the two, both run again.
INSERT INTO recipient_messages (recipient_key, campaign_id, message_id)
SELECT
    reinterpretAsUInt128(substring(SHA256(concat(
        (SELECT outer_pad FROM recipient_secret ORDER BY created_at, inner_pad LIMIT 1),
        SHA256(concat((SELECT inner_pad FROM recipient_secret ORDER BY created_at, inner_pad LIMIT 1), recipient)))), 1, 16)),
    campaign_id,
    message_id
FROM sends FINAL
WHERE recipient_key = 0 AND recipient != ''
