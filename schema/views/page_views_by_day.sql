-- Purpose: the page views and visitors of a site by day.
-- Grain:   one row per site and UTC day with a view.
-- Units:   as in page_views; a visitor is known for one UTC day, so visitors of days add up to visits by day, not to people.
-- Engine:  a plain view over web_events; filter on site to read its range of the key.
CREATE OR REPLACE VIEW page_views_by_day
(
    site LowCardinality(String) COMMENT 'Name of the site; empty for no configured site',
    day Date COMMENT 'Day, UTC',
    views Int64 COMMENT 'Page views without those by machines',
    visitors Int64 COMMENT 'Distinct visitors of the day, as far as they can be distinguished; one address with one browser is one',
    machine_views Int64 COMMENT 'Page views of machines, which are in no other number'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    site,
    toDate(occurred_at, 'UTC') AS day,
    toInt64(countIf(class IN ('unknown', 'human_direct', 'proxy_human'))) AS views,
    toInt64(uniqExactIf(visitor, visitor != 0 AND class IN ('unknown', 'human_direct', 'proxy_human'))) AS visitors,
    toInt64(countIf(class NOT IN ('unknown', 'human_direct', 'proxy_human', 'not_image'))) AS machine_views
FROM web_events FINAL
WHERE name = ''
GROUP BY site, day
