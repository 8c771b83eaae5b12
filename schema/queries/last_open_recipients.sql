-- Purpose: the recipients of messages of the mode last_open, with the stored date of each.
-- Grain:   one row: a number of messages, and a record for each: message_id as two UInt64, recipient_key as UInt128, opened_on as UInt16.
-- Units:   opened_on is days since 1970; 0: none is kept.
-- Reads:   the tables sends and last_opens, so only as the warehouse user.
--
-- The ids come as an external table wanted_keys (campaign_id UInt64, message_id UUID). A message of which less may be kept by
-- now is not among them, nor is one that is not registered.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(message_id), reinterpretAsFixedString(recipient_key), reinterpretAsFixedString(toUInt16(opened_on))))) AS records
FROM (
    SELECT messages.message_id AS message_id, messages.recipient_key AS recipient_key, dates.opened_on AS opened_on
    FROM (
        SELECT message_id, recipient_key FROM sends FINAL
        WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM wanted_keys) AND tracking IN ('identified', 'pseudonymous', 'last_open')
            AND recipient_key != 0 AND NOT test
    ) AS messages
    LEFT JOIN (SELECT recipient_key, max(opened_on) AS opened_on FROM last_opens GROUP BY recipient_key) AS dates
        ON dates.recipient_key = messages.recipient_key
)
