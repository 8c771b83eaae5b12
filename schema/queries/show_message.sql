-- Purpose: a registered message with all of its stored fields.
-- Grain:   one row: 1 and the message, or 0.
-- Units:   times are Unix milliseconds, 0 where they are not known; complete is 1 if its registration is; attributes is a JSON object.
-- Reads:   the tables sends and registrations by the campaign's range of their keys, so only as the warehouse user.
SELECT
    count() AS messages,
    any(recipient) AS of_recipient,
    any(toUnixTimestamp64Milli(toDateTime64(sent_at, 3))) AS sent_ms,
    any(toUnixTimestamp64Milli(toDateTime64(delivered_at, 3))) AS delivered_ms,
    any(state) AS of_state,
    any(toInt8(tracking)) AS of_tracking,
    any(test) AS of_test,
    any(url_style) AS style,
    any(stratum) AS of_stratum,
    any(toJSONString(attributes)) AS of_attributes,
    any(registration) AS of_registration,
    any(toUInt8(registration = 0 OR registration IN (
        SELECT registration_id FROM registrations FINAL WHERE campaign_id = {campaign_id:UInt64} AND state = 'complete'))) AS complete,
    any(toUnixTimestamp64Milli(registered_at)) AS registered_ms
FROM sends FINAL
WHERE campaign_id = {campaign_id:UInt64} AND message_id = {message_id:UUID}
