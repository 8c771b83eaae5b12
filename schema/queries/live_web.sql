-- Purpose: the page views and custom events of all sites by minute, for the page that shows them as they arrive.
-- Grain:   one row: the number of minutes with one, and lists with an element for each, by time.
-- Units:   minutes are Unix minutes; the lists count views and events, both without machines, and machines apart.
-- Reads:   the table web_events, so only as the warehouse user.
--
-- The reader adds the events received after until_ms. An event from a server with the secret counts as a person's.
SELECT count() AS minutes, groupArray(minute) AS minute_list, groupArray(views) AS view_list,
    groupArray(events) AS event_list, groupArray(machines) AS machine_list
FROM (
    SELECT toInt64(intDiv(toUnixTimestamp64Milli(occurred_at), 60000)) AS minute,
        countIf(name = '' AND class IN ('unknown', 'human_direct', 'proxy_human')) AS views,
        countIf(name != '' AND (certain OR class IN ('unknown', 'human_direct', 'proxy_human'))) AS events,
        countIf(class NOT IN ('unknown', 'human_direct', 'proxy_human', 'not_image') AND NOT (name != '' AND certain)) AS machines
    FROM web_events FINAL
    WHERE occurred_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    GROUP BY minute
    HAVING views + events + machines > 0
    ORDER BY minute
)
SETTINGS max_threads = 1, do_not_merge_across_partitions_select_final = 1
