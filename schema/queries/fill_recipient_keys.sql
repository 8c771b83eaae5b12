-- Purpose: computes recipient_key and domain of the rows that an older program wrote.
-- Grain:   a mutation of every row of sends without a key, merged or not.
-- Units:   none; domain is empty where the recipient is no address.
-- Reads:   the tables sends and recipient_secret, so only as the warehouse user.
--
-- fill_recipient_messages comes first, while the rows can still be distinguished. The secret is read by the server: a
-- mutation keeps its text.
ALTER TABLE sends
UPDATE
    recipient_key = reinterpretAsUInt128(substring(SHA256(concat(
        (SELECT outer_pad FROM recipient_secret ORDER BY created_at, inner_pad LIMIT 1),
        SHA256(concat((SELECT inner_pad FROM recipient_secret ORDER BY created_at, inner_pad LIMIT 1), recipient)))), 1, 16)),
    domain = if(position(recipient, '@') > 0, arrayElement(splitByChar('@', recipient), -1), '')
WHERE recipient_key = 0 AND recipient != ''
