-- Purpose: all facts that registering a few posted messages needs: their campaign, whether messages are registered, choices of recipients.
-- Grain:   one row: the columns of campaign_key, the number of rows of the messages in the campaign, the columns of choices_of.
-- Units:   as in campaign_key and choices_of.
-- Reads:   the tables campaigns, sends and consents, so only as the warehouse user.
--
-- The messages and their recipients come as an external table wanted (message_id UUID, low UInt64, high UInt64). One query
-- takes less time than three, and one thread less than several for so few rows.
SELECT found, oldest.1, oldest.2, oldest.3, oldest.4, oldest.5, oldest.6, oldest.7, oldest.8, registered, recipients, records
FROM (
    SELECT count() AS found, argMin(
        (campaign_id, created_at, id_key, subject, variant, toInt8(tracking), archived = 1, sent_known = 1),
        (created_at, campaign_id)) AS oldest
    FROM campaigns FINAL
    WHERE name = {campaign:String}
) AS named
CROSS JOIN (
    SELECT count() AS registered
    FROM sends
    WHERE campaign_id = {campaign_id:UInt64} AND message_id IN (SELECT message_id FROM wanted)
) AS known
CROSS JOIN (
    SELECT count() AS recipients, arrayStringConcat(groupArray(concat(
        reinterpretAsFixedString(recipient_key), char(latest.2), reinterpretAsFixedString(latest.1)))) AS records
    FROM (
        SELECT recipient_key, max((toUnixTimestamp64Milli(decided_at), toInt8(choice))) AS latest
        FROM consents
        WHERE purpose = {purpose:String} AND recipient_key IN (
            SELECT bitOr(bitShiftLeft(toUInt128(high), 64), toUInt128(low)) FROM wanted)
        GROUP BY recipient_key
    )
) AS chosen
SETTINGS max_threads = 1
