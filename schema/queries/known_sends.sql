-- Purpose: the messages of a campaign that are registered, with the fields that a later registration may change.
-- Grain:   one row, for the messages of one part of the campaign: its arrays have an element for each message.
-- Units:   sent_at and delivered_at in Unix seconds, 0 = not known; attributes as a JSON object; part from 0 to parts - 1.
-- Reads:   the tables sends and registrations, so only as the warehouse user.
--
-- An answer always has a row, so that one without any is known to be cut off; and columns of arrays are read faster than rows.
SELECT
    count() AS messages,
    groupArray(message_id) AS message_id_list,
    groupArray(toUnixTimestamp(sent_at)) AS sent_at_list,
    groupArray(toUnixTimestamp(delivered_at)) AS delivered_at_list,
    groupArray(state) AS state_list,
    groupArray(toInt8(tracking)) AS tracking_list,
    groupArray(test) AS test_list,
    groupArray(url_style) AS url_style_list,
    groupArray(if(empty(attributes), '', toJSONString(attributes))) AS attributes_list,
    groupArray(registration) AS registration_list,
    groupArray(toUInt8(registration = 0 OR registration IN (
        SELECT registration_id FROM registrations FINAL WHERE campaign_id = {campaign_id:UInt64} AND state = 'complete'))) AS complete_list
FROM sends FINAL
WHERE campaign_id = {campaign_id:UInt64} AND bitShiftRight(reinterpretAsUInt64(message_id), 32) % {parts:UInt64} = {part:UInt64}
