-- Purpose: the page views of a site by hour, with its visitors; machines apart.
-- Grain:   one row per site and UTC hour with a view; site '' has the views of no configured site.
-- Units:   views count distinct events; visitors are counted within one UTC day, so hours of a day share some, and days share none.
-- Engine:  a plain view over web_events; filter on site to read its range of the key.
CREATE OR REPLACE VIEW page_views
(
    site LowCardinality(String) COMMENT 'Name of the site; empty for no configured site',
    hour DateTime('UTC') COMMENT 'Start of the hour, UTC',
    views Int64 COMMENT 'Page views without those by machines',
    visitors Int64 COMMENT 'Distinct visitors of the hour, as far as they can be distinguished; one address with one browser is one',
    machine_views Int64 COMMENT 'Page views of machines, which are in no other number'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    site,
    toStartOfHour(toDateTime(occurred_at, 'UTC')) AS hour,
    toInt64(countIf(class IN ('unknown', 'human_direct', 'proxy_human'))) AS views,
    toInt64(uniqExactIf(visitor, visitor != 0 AND class IN ('unknown', 'human_direct', 'proxy_human'))) AS visitors,
    toInt64(countIf(class NOT IN ('unknown', 'human_direct', 'proxy_human', 'not_image'))) AS machine_views
FROM web_events FINAL
WHERE name = ''
GROUP BY site, hour
