-- Purpose: the counts of a campaign from which all its rates follow. The one place where messages become numbers.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages, but for opens_total and unregistered_opens_total, which count events; first_open_at and
--          last_open_at are UTC milliseconds, NULL without opens whose time is possible.
-- Engine:  a plain view over message_opens. The names join by UNION ALL too, so that the filter on campaign_id passes.
--
-- A campaign without a row in campaigns does not show, whatever opens bear its id: they wait until it is registered.
-- delivered: not known to have bounced; a bounced message that was opened did arrive. Opens of messages that are not
-- registered, or whose registration is not complete, are in the two unregistered columns and in no other; tests are in tests only.
CREATE OR REPLACE VIEW campaign_counts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    sends Int64 COMMENT 'Messages that were registered, by registrations that are complete, without tests',
    delivered Int64 COMMENT 'Messages of sends that are not known to have bounced, or were opened all the same',
    opens_total Int64 COMMENT 'Opens of registered messages, machines included; every request for the pixel is one',
    unique_opens Int64 COMMENT 'Messages with at least one open, machines included',
    bot_filtered_unique_opens Int64 COMMENT 'Messages with an open by a person, by Apple Mail Privacy Protection, or of unknown kind',
    reliable_unique_opens Int64 COMMENT 'Messages that a person opened, directly or through a proxy that fetches when a person does',
    mpp_only Int64 COMMENT 'Messages that Apple Mail Privacy Protection fetched and for which nothing shows a person',
    first_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the first open, machines included, UTC; NULL without opens whose time is possible',
    last_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the last open, machines included, UTC; NULL without opens whose time is possible',
    unregistered_opens_total Int64 COMMENT 'Opens of messages that are not registered, or not completely; in no other column',
    unregistered_unique_opens Int64 COMMENT 'Messages of unregistered_opens_total',
    tests Int64 COMMENT 'Test messages: kept, and in no other column'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id,
    max(name) AS campaign,
    toInt64(countIf(registered)) AS sends,
    toInt64(countIf(registered AND (opens > 0 OR NOT bounced))) AS delivered,
    toInt64(sumIf(opens, registered)) AS opens_total,
    toInt64(countIf(registered AND opens > 0)) AS unique_opens,
    toInt64(countIf(registered AND (reliable OR mpp OR unknown))) AS bot_filtered_unique_opens,
    toInt64(countIf(registered AND reliable)) AS reliable_unique_opens,
    toInt64(countIf(registered AND mpp AND NOT reliable)) AS mpp_only,
    minOrNullIf(first_open, registered AND timed_opens > 0) AS first_open_at,
    maxOrNullIf(last_open, registered AND timed_opens > 0) AS last_open_at,
    toInt64(sumIf(opens, NOT registered AND NOT test)) AS unregistered_opens_total,
    toInt64(countIf(opens > 0 AND NOT registered AND NOT test)) AS unregistered_unique_opens,
    toInt64(countIf(test)) AS tests
FROM (
    SELECT campaign_id, 1 AS named, campaign AS name, 0 AS registered, 0 AS test, 0 AS bounced, 0 AS opens, 0 AS timed_opens,
        0 AS reliable, 0 AS mpp, 0 AS unknown,
        toDateTime64(0, 3, 'UTC') AS first_open, toDateTime64(0, 3, 'UTC') AS last_open
    FROM campaign_names
    UNION ALL
    SELECT campaign_id, 0, '', registered, test, bounced, opens, timed_opens, reliable, mpp, unknown, first_open, last_open
    FROM message_opens
)
GROUP BY campaign_id
HAVING max(named)
