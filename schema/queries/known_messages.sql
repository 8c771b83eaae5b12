-- Purpose: the registered ones among a few messages of a campaign, with the fields that a later registration may change.
-- Grain:   one row: their number, and a record for each, one behind the other.
-- Units:   a record is as in known_sends.
-- Reads:   the tables sends, registrations, message_campaigns and recipient_messages, so only as the warehouse user.
--
-- The ids come as an external table wanted_messages (message_id UUID). A message that is not in the tables which an insert
-- into sends fills does not count as complete: that insert was cut off, and has to be done again.
SELECT count() AS messages, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(message_id),
    reinterpretAsFixedString(toUnixTimestamp(sent_at)),
    reinterpretAsFixedString(toUnixTimestamp(delivered_at)),
    reinterpretAsFixedString(registration),
    reinterpretAsFixedString(toUnixTimestamp64Milli(registered_at)),
    char(toInt8(tracking)),
    char(test),
    char((registration = 0 OR registration IN (
            SELECT registration_id FROM registrations FINAL WHERE campaign_id = {campaign_id:UInt64} AND state = 'complete'))
        AND message_id IN (SELECT message_id FROM message_campaigns WHERE message_id IN wanted_messages)
        AND (recipient_key, message_id) IN (
            SELECT recipient_key, message_id FROM recipient_messages
            WHERE campaign_id = {campaign_id:UInt64} AND recipient_key IN (
                SELECT recipient_key FROM sends WHERE campaign_id = {campaign_id:UInt64} AND message_id IN wanted_messages))),
    char(length(state)), state,
    char(length(url_style)), url_style,
    if(empty(attributes), char(0, 0, 0, 0),
        concat(reinterpretAsFixedString(toUInt32(length(toJSONString(attributes)))), toJSONString(attributes)))))) AS records
FROM sends FINAL
WHERE campaign_id = {campaign_id:UInt64} AND message_id IN wanted_messages
