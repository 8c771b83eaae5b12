-- Purpose: the visits that a campaign brought, by the utm parameters of the pages' addresses, beside the mail campaign of that name.
-- Grain:   one row per site, source, medium and campaign with a view by no machine that has a utm_campaign.
-- Units:   views count distinct events; campaign_id is 0 where no mail campaign has the name of utm_campaign.
-- Engine:  a plain view over web_events and campaign_names.
CREATE OR REPLACE VIEW web_campaigns
(
    site LowCardinality(String) COMMENT 'Name of the site; empty for no configured site',
    utm_source LowCardinality(String) COMMENT 'utm_source of the page',
    utm_medium LowCardinality(String) COMMENT 'utm_medium of the page',
    utm_campaign LowCardinality(String) COMMENT 'utm_campaign of the page',
    campaign_id UInt64 COMMENT 'Id of the mail campaign of that name; 0: there is none',
    views Int64 COMMENT 'Page views without those by machines',
    visitors Int64 COMMENT 'Distinct visitors by day, added up'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT w.site, w.utm_source, w.utm_medium, w.utm_campaign, n.campaign_id, w.views, w.visitors
FROM (
    SELECT
        site, utm_source, utm_medium, utm_campaign, toInt64(count()) AS views,
        toInt64(uniqExactIf((toDate(occurred_at, 'UTC'), visitor), visitor != 0)) AS visitors
    FROM web_events FINAL
    WHERE name = '' AND utm_campaign != '' AND class IN ('unknown', 'human_direct', 'proxy_human')
    GROUP BY site, utm_source, utm_medium, utm_campaign
) AS w
LEFT JOIN (SELECT campaign_id, campaign FROM campaign_names) AS n ON n.campaign = w.utm_campaign
