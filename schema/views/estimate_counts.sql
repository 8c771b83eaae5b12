-- Purpose: the counts of a campaign's measured messages from which its estimates follow: all of them, and the visible ones separately.
-- Grain:   one row per campaign name, also for a campaign without messages.
-- Units:   counts of messages.
-- Engine:  a plain view over message_opens and recipient_history; filter on campaign_id to read one campaign and its recipients.
--
-- A message is visible if no measured message of its recipient was masked in the 90 days before, nor this one: its open would be
-- visible. A new recipient counts by this message alone: were only those with history visible, a history of chosen recipients would
-- stand for all. If fewer than 100 visible messages went to recipients with history (no_history), all unmasked messages count as
-- visible. new_masked: of the others, those that nothing else is known about; some visible messages belong to recipients like
-- theirs, whose mail Apple Mail did not fetch. seen: a person opened it or did something with it (R or C). The visible_confirmed
-- columns include the history of the visible recipients, once each, since they estimate the share of certainly read messages
-- whose open is visible.
CREATE OR REPLACE VIEW estimate_counts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    measured Int64 COMMENT 'Delivered messages that are tracked individually; the base of every rate',
    reliable Int64 COMMENT 'Measured messages that a person opened',
    seen Int64 COMMENT 'Measured messages that a person opened, clicked, replied to, or that led to a conversion',
    possible Int64 COMMENT 'Messages of seen, and those that Apple Mail or an unknown client fetched',
    mpp_only Int64 COMMENT 'Measured messages that Apple Mail fetched in a way that may hide a person, and for which no open shows one',
    confirmed Int64 COMMENT 'Measured messages that a person clicked, replied to, or that led to a conversion',
    confirmed_reliable Int64 COMMENT 'Messages of confirmed that a person also opened',
    clear Int64 COMMENT 'Measured messages that are not masked',
    clear_reliable Int64 COMMENT 'Messages of clear that a person opened',
    no_history UInt8 COMMENT '1 if fewer than 100 visible messages went to recipients with history, so that all of clear count as visible',
    visible Int64 COMMENT 'Visible messages',
    visible_reliable Int64 COMMENT 'Messages of visible that a person opened',
    visible_seen Int64 COMMENT 'Messages of visible that are seen',
    visible_met Int64 COMMENT 'Messages that are not masked, of recipients with history, none of it masked',
    visible_openers Int64 COMMENT 'Messages of visible_met whose recipient opened another message in the 90 days before, as an open of a person shows',
    new_masked Int64 COMMENT 'Messages that are not visible, of recipients without history; without history all that are not visible',
    visible_confirmed Int64 COMMENT 'Confirmed messages of visible recipients, of this campaign and of their history; without history of this campaign',
    visible_confirmed_reliable Int64 COMMENT 'Messages of visible_confirmed that a person also opened',
    sent_known UInt8 COMMENT '0 if the number of sent messages is unknown, so that the campaign has no rate'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id,
    max(name) AS campaign,
    toInt64(sum(own_measured)) AS measured,
    toInt64(sum(own_reliable)) AS reliable,
    toInt64(sum(own_seen)) AS seen,
    toInt64(sum(own_possible)) AS possible,
    toInt64(sum(own_mpp_only)) AS mpp_only,
    toInt64(sum(own_confirmed)) AS confirmed,
    toInt64(sum(own_confirmed_reliable)) AS confirmed_reliable,
    toInt64(sum(own_clear)) AS clear,
    toInt64(sum(own_clear_reliable)) AS clear_reliable,
    visible_met < 100 AS no_history,
    toInt64(if(no_history, sum(own_clear), sumIf(own_clear, is_visible))) AS visible,
    toInt64(if(no_history, sum(own_clear_reliable), sumIf(own_clear_reliable, is_visible))) AS visible_reliable,
    toInt64(if(no_history, sum(own_clear_seen), sumIf(own_clear_seen, is_visible))) AS visible_seen,
    toInt64(sumIf(own_clear, is_visible AND is_met)) AS visible_met,
    toInt64(sumIf(own_clear, is_visible AND past_reliable > 0)) AS visible_openers,
    toInt64(if(no_history, measured - visible, sumIf(own_measured - own_clear, NOT is_met))) AS new_masked,
    toInt64(if(no_history, sum(own_clear_confirmed), sumIf(own_clear_confirmed + past_confirmed, is_visible))) AS visible_confirmed,
    toInt64(if(no_history, sum(own_clear_confirmed_reliable), sumIf(own_clear_confirmed_reliable + past_confirmed_reliable, is_visible)))
        AS visible_confirmed_reliable,
    toUInt8(max(names_sent_known)) AS sent_known
FROM (
    SELECT campaign_id, 1 AS named, campaign AS name, 0 AS own_measured, 0 AS own_reliable, 0 AS own_seen, 0 AS own_possible,
        0 AS own_mpp_only, 0 AS own_confirmed, 0 AS own_confirmed_reliable, 0 AS own_clear, 0 AS own_clear_reliable,
        0 AS own_clear_seen, 0 AS own_clear_confirmed, 0 AS own_clear_confirmed_reliable,
        0 AS is_visible, 0 AS is_met, 0 AS past_reliable, 0 AS past_confirmed, 0 AS past_confirmed_reliable, sent_known AS names_sent_known
    FROM campaign_names
    UNION ALL
    SELECT own.campaign_id, 0, '', own.measured, own.reliable, own.seen, own.possible,
        own.mpp_only, own.confirmed, own.confirmed_reliable, own.clear, own.clear_reliable,
        own.clear_seen, own.clear_confirmed, own.clear_confirmed_reliable,
        own.clear > 0 AND NOT past.masked, past.messages > 0, past.reliable, past.confirmed, past.confirmed_reliable, 0
    FROM (
        SELECT
            campaign_id,
            recipient_key,
            count() AS measured,
            countIf(message.reliable) AS reliable,
            countIf(message.reliable OR message.confirmed) AS seen,
            countIf(message.reliable OR message.confirmed OR masked OR unknown) AS possible,
            countIf(masked AND NOT message.reliable) AS mpp_only,
            countIf(message.confirmed) AS confirmed,
            countIf(message.confirmed AND message.reliable) AS confirmed_reliable,
            countIf(NOT masked) AS clear,
            countIf(NOT masked AND message.reliable) AS clear_reliable,
            countIf(NOT masked AND (message.reliable OR message.confirmed)) AS clear_seen,
            countIf(NOT masked AND message.confirmed) AS clear_confirmed,
            countIf(NOT masked AND message.confirmed AND message.reliable) AS clear_confirmed_reliable
        FROM message_opens AS message
        WHERE message.measured
        GROUP BY campaign_id, recipient_key
    ) AS own
    LEFT JOIN recipient_history AS past ON past.campaign_id = own.campaign_id AND past.recipient_key = own.recipient_key
)
GROUP BY campaign_id
HAVING max(named)
SETTINGS join_use_nulls = 0
