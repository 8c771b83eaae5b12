-- Purpose: the referrers of a site's visitors, as reported by its pages.
-- Grain:   one row per site and referring page with a view by no machine; an empty host is no referrer.
-- Units:   views count distinct events of all time that is kept.
-- Engine:  a plain view over web_events; filter on site to read its range of the key.
CREATE OR REPLACE VIEW top_referrers
(
    site LowCardinality(String) COMMENT 'Name of the site; empty for no configured site',
    referrer_host LowCardinality(String) COMMENT 'Host of the referring page; empty if there is none',
    referrer_path String COMMENT 'Path of the referring page, without its query',
    views Int64 COMMENT 'Page views without those by machines'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT site, referrer_host, referrer_path, toInt64(count()) AS views
FROM web_events FINAL
WHERE name = '' AND class IN ('unknown', 'human_direct', 'proxy_human')
GROUP BY site, referrer_host, referrer_path
