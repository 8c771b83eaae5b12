-- Purpose: the pages of a site by their views.
-- Grain:   one row per site and page with a view by no machine.
-- Units:   views count distinct events of all time that is kept.
-- Engine:  a plain view over web_events; filter on site to read its range of the key.
CREATE OR REPLACE VIEW top_pages
(
    site LowCardinality(String) COMMENT 'Name of the site; empty for no configured site',
    page_host LowCardinality(String) COMMENT 'Host of the page',
    page_path String COMMENT 'Path of the page, without its query',
    views Int64 COMMENT 'Page views without those by machines',
    visitors Int64 COMMENT 'Distinct visitors by day, added up'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    site, page_host, page_path, toInt64(count()) AS views,
    toInt64(uniqExactIf((toDate(occurred_at, 'UTC'), visitor), visitor != 0)) AS visitors
FROM web_events FINAL
WHERE name = '' AND class IN ('unknown', 'human_direct', 'proxy_human')
GROUP BY site, page_host, page_path
