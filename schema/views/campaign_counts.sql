-- Purpose: the counts of a campaign from which all its rates follow. The one place where messages become numbers.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages, but for opens_total and unregistered_opens_total, which count events; first_open_at and
--          last_open_at are UTC milliseconds, NULL without opens.
-- Engine:  a plain view over message_opens. The names join by UNION ALL too, so that the filter on campaign_id passes.
--
-- A campaign without a row in campaigns does not show, whatever opens bear its id: they wait until it is registered.
-- delivered: not known to have bounced; a bounced message that was opened did arrive. Opens of messages that are not
-- registered are in the last two columns and in no other.
CREATE OR REPLACE VIEW campaign_counts
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id,
    max(name) AS campaign,
    countIf(registered) AS sends,
    countIf(registered AND (opens > 0 OR NOT bounced)) AS delivered,
    sumIf(opens, registered) AS opens_total,
    countIf(registered AND opens > 0) AS unique_opens,
    countIf(registered AND (reliable OR mpp OR unknown)) AS bot_filtered_unique_opens,
    countIf(registered AND reliable) AS reliable_unique_opens,
    countIf(registered AND mpp AND NOT reliable) AS mpp_only,
    minOrNullIf(first_open, registered AND opens > 0) AS first_open_at,
    maxOrNullIf(last_open, registered AND opens > 0) AS last_open_at,
    sumIf(opens, NOT registered) AS unregistered_opens_total,
    countIf(opens > 0 AND NOT registered) AS unregistered_unique_opens
FROM (
    SELECT campaign_id, 1 AS named, campaign AS name, 0 AS registered, 0 AS bounced, 0 AS opens,
        0 AS reliable, 0 AS mpp, 0 AS unknown,
        toDateTime64(0, 3, 'UTC') AS first_open, toDateTime64(0, 3, 'UTC') AS last_open
    FROM campaign_names
    UNION ALL
    SELECT campaign_id, 0, '', registered, bounced, opens, reliable, mpp, unknown, first_open, last_open
    FROM message_opens
)
GROUP BY campaign_id
HAVING max(named)
