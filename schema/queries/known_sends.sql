-- Purpose: the registered messages of a campaign that are measured no more than a mode says, with the fields that a later registration may change.
-- Grain:   one row, for the messages of one part of the campaign: their number, and a record for each, one behind the other.
-- Units:   tracking is the number of the mode, 0 for all messages; part from 0 to parts - 1; a record holds numbers in little-endian order and texts behind their length:
--          message_id as two UInt64 · sent_at, delivered_at as UInt32, Unix seconds, 0 = not known · registration as UInt64 · registered_at as Int64, Unix milliseconds ·
--          a byte each for tracking, test and whether the registration is complete · state and url_style, each behind
--          a byte with its length · attributes as a JSON object behind a UInt32, or nothing behind 0.
-- Reads:   the tables sends and registrations, so only as the warehouse user.
--
-- One text is read fifty times faster than rows or arrays of as many values.
SELECT count() AS messages, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(message_id),
    reinterpretAsFixedString(toUnixTimestamp(sent_at)),
    reinterpretAsFixedString(toUnixTimestamp(delivered_at)),
    reinterpretAsFixedString(registration),
    reinterpretAsFixedString(toUnixTimestamp64Milli(registered_at)),
    char(toInt8(tracking)),
    char(test),
    char(registration = 0 OR registration IN (
        SELECT registration_id FROM registrations FINAL WHERE campaign_id = {campaign_id:UInt64} AND state = 'complete')),
    char(length(state)), state,
    char(length(url_style)), url_style,
    if(empty(attributes), char(0, 0, 0, 0),
        concat(reinterpretAsFixedString(toUInt32(length(toJSONString(attributes)))), toJSONString(attributes)))))) AS records
FROM sends FINAL
WHERE campaign_id = {campaign_id:UInt64} AND bitShiftRight(reinterpretAsUInt64(message_id), 32) % {parts:UInt64} = {part:UInt64}
  AND toInt8(tracking) >= {tracking:Int8}
