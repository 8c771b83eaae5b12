-- Purpose: the reactions of a campaign's recipients to other mail in the 90 days before it.
-- Grain:   one row per campaign and recipient who got another measured message in those days.
-- Units:   counts of messages.
-- Engine:  a plain view. A filter on campaign_id reaches the keys for the campaign and its recipients. Their other messages are found
--          by joins, whose runtime filters keep nothing else in memory, but which scan recipient_messages, sends, opens and deliveries.
--
-- A message counts by its own time of sending, and as its opens are judged now.
CREATE OR REPLACE VIEW recipient_history
(
    campaign_id UInt64 COMMENT 'Id of the campaign of the recipients',
    recipient_key UInt128 COMMENT 'Keyed hash of the recipient',
    messages UInt64 COMMENT 'Measured messages of other campaigns in the 90 days before this one',
    masked UInt8 COMMENT '1 if one of them is masked',
    reliable UInt64 COMMENT 'Messages of them that a person opened',
    confirmed UInt64 COMMENT 'Messages in which a person clicked, replied or converted',
    confirmed_reliable UInt64 COMMENT 'Messages of confirmed that a person also opened'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, recipient_key, count() AS messages, max(message_masked) AS masked, countIf(message_reliable) AS reliable,
    countIf(message_confirmed) AS confirmed, countIf(message_confirmed AND message_reliable) AS confirmed_reliable
FROM (
    SELECT
        other.for_campaign AS campaign_id,
        other.for_recipient AS recipient_key,
        any(other.starts_at) AS starts_at,
        groupBitOr(facts.flags) AS all_flags,
        bitTest(all_flags, 6) AS message_reliable,
        bitTest(all_flags, 8) AS message_masked,
        bitTest(all_flags, 12) OR bitTest(all_flags, 13) OR bitTest(all_flags, 14) AS message_confirmed,
        bitTest(all_flags, 3) AND NOT (message_reliable OR message_confirmed OR bitTest(all_flags, 7)) AS is_bounced,
        bitTest(all_flags, 0) AND NOT is_bounced AND bitTest(all_flags, 2) AS is_measured,
        minIf(facts.sent_at, facts.sent_at > 0) AS first_sent_at
    FROM message_facts AS facts
    INNER JOIN (
        SELECT own.campaign_id AS for_campaign, own.recipient_key AS for_recipient, own.starts_at AS starts_at,
            messages.campaign_id AS campaign_id, messages.message_id AS message_id
        FROM recipient_messages AS messages
        INNER JOIN (
            SELECT recipients.campaign_id AS campaign_id, recipients.recipient_key AS recipient_key, starts.starts_at AS starts_at
            FROM (SELECT campaign_id, recipient_key FROM sends WHERE recipient_key != 0 GROUP BY campaign_id, recipient_key) AS recipients
            INNER JOIN campaign_starts AS starts ON starts.campaign_id = recipients.campaign_id
        ) AS own ON own.recipient_key = messages.recipient_key
        WHERE messages.campaign_id != own.campaign_id
    ) AS other ON other.campaign_id = facts.campaign_id AND other.message_id = facts.message_id
    GROUP BY other.for_campaign, other.for_recipient, facts.campaign_id, facts.message_id
)
WHERE is_measured AND first_sent_at > 0 AND first_sent_at < starts_at AND first_sent_at >= starts_at - INTERVAL 90 DAY
GROUP BY campaign_id, recipient_key
