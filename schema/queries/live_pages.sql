-- Purpose: the pages of all sites with the most views, for the page that shows them as they arrive.
-- Grain:   one row: the number of such pages, and lists with an element for each, the most first.
-- Units:   the last list counts views without machines.
-- Reads:   the table web_events, so only as the warehouse user.
--
-- The answer has more pages than are shown: the reader adds the views received after until_ms, which change the order.
SELECT count() AS pages, groupArray(site) AS site_list, groupArray(host) AS host_list, groupArray(path) AS path_list, groupArray(views) AS view_list
FROM (
    SELECT site, page_host AS host, page_path AS path, count() AS views
    FROM web_events FINAL
    WHERE occurred_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        AND name = '' AND class IN ('unknown', 'human_direct', 'proxy_human')
    GROUP BY site, host, path
    ORDER BY views DESC, site, host, path
    LIMIT 200
)
SETTINGS max_threads = 1, do_not_merge_across_partitions_select_final = 1
