-- Purpose: all facts that registering a few posted messages needs: their campaign, whether messages are registered, choices of recipients.
-- Grain:   three rows, in any order: part 1 the campaign of that name, 2 the messages' rows in the campaign with the id, 3 the choices.
-- Units:   n counts the campaigns of the name, the rows, and the recipients with a choice. The text of part 1, empty without a campaign,
--          is numbers in little-endian order, campaign_id and created_at (UTC milliseconds) as 8 bytes each, id_key, a byte each for
--          tracking, archived and sent_known, then the subject behind its length as UInt32, then the variant; of part 3 as in choices_of.
-- Reads:   the tables campaigns, sends and consents, so only as the warehouse user.
--
-- Three queries, or a join of the three parts, take longer; so do several threads for so few rows. keys are recipient keys in decimal.
SELECT 1 AS part, found AS n, if(found = 0, '', concat(
    reinterpretAsFixedString(oldest.1), reinterpretAsFixedString(toUnixTimestamp64Milli(oldest.2)), oldest.3,
    char(oldest.6), char(oldest.7), char(oldest.8),
    reinterpretAsFixedString(toUInt32(length(oldest.4))), oldest.4, oldest.5)) AS text
FROM (
    SELECT count() AS found, argMin(
        (campaign_id, created_at, id_key, subject, variant, toInt8(tracking), archived = 1, sent_known = 1),
        (created_at, campaign_id)) AS oldest
    FROM campaigns FINAL
    WHERE name = {campaign:String}
)
UNION ALL
SELECT 2, count(), ''
FROM sends
WHERE campaign_id = {campaign_id:UInt64} AND message_id IN {messages:Array(UUID)}
UNION ALL
SELECT 3, count(), arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(recipient_key), char(latest.2), reinterpretAsFixedString(latest.1))))
FROM (
    SELECT recipient_key, max((toUnixTimestamp64Milli(decided_at), toInt8(choice))) AS latest
    FROM consents
    WHERE purpose = {purpose:String} AND recipient_key IN (SELECT toUInt128(arrayJoin({keys:Array(String)})))
    GROUP BY recipient_key
)
SETTINGS max_threads = 1
