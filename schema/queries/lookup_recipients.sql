-- Purpose: finds the messages to recipients in a campaign.
-- Grain:   one row: a number of rows, and a record for each: recipient_key as two UInt64, message_id as two UInt64.
-- Units:   none; the low half of a key comes first.
-- Reads:   the table recipient_messages by its key, so only as the warehouse user.
--
-- The keys come as an external table wanted_recipients (low UInt64, high UInt64), sent along with the query.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(toUInt64(bitAnd(recipient_key, toUInt128(18446744073709551615)))),
    reinterpretAsFixedString(toUInt64(bitShiftRight(recipient_key, 64))),
    reinterpretAsFixedString(message_id)))) AS records
FROM recipient_messages
WHERE campaign_id = {campaign_id:UInt64} AND recipient_key IN (
    SELECT bitOr(bitShiftLeft(toUInt128(high), 64), toUInt128(low)) FROM wanted_recipients
)
