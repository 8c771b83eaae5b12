-- Purpose: the facts of one message.
-- Grain:   one row; registered_rows is 0 if no registration wrote it.
-- Units:   times are Unix milliseconds, 0 = not known; flags are 0 or 1; tracking is a number of the Enum8.
-- Reads:   the tables sends and registrations and the view message_opens, by both columns of their keys, so only as the warehouse user.
SELECT
    sent.1, sent.2, sent.3, sent.4, sent.5,
    states.1, states.2, states.3, states.4, states.5, states.6, states.7, states.8, states.9, states.10
FROM (
    SELECT
        (SELECT tuple(count(), any(recipient), any(toInt8(tracking)), any(toInt64(toUnixTimestamp(delivered_at)) * 1000),
            any(toUnixTimestamp64Milli(registered_at)))
        FROM sends FINAL WHERE campaign_id = {campaign_id:UInt64} AND message_id = {message_id:UUID}) AS sent,
        (SELECT tuple(toUInt8(max(registered)), toUInt8(max(test)), toUInt8(max(bounced)), toUInt8(max(measured)),
            max(toUnixTimestamp64Milli(sent_at)), toUInt64(max(opens)),
            toUInt8(max(reliable)), toUInt8(max(masked)), toUInt8(max(unknown)), toUInt8(max(confirmed)))
        FROM message_opens WHERE campaign_id = {campaign_id:UInt64} AND message_id = {message_id:UUID}) AS states
)
