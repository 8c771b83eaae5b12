-- Purpose: the opens of all campaigns by minute, for the page that shows opens as they arrive.
-- Grain:   one row: the number of minutes with an open, and lists with an element for each, by time.
-- Units:   minutes are Unix minutes; the lists count events: by people, by clients that may hide one, by machines.
-- Reads:   the view judged_opens, so only as the warehouse user.
--
-- Opens of tests and of unregistered messages count here, since the page shows all arrivals. The reader adds the opens received after
-- until_ms itself. Opens with an impossible time are omitted.
SELECT count() AS minutes, groupArray(minute) AS minute_list, groupArray(people) AS people_list,
    groupArray(hidden) AS hidden_list, groupArray(machines) AS machine_list
FROM (
    SELECT toInt64(intDiv(toUnixTimestamp64Milli(opened_at), 60000)) AS minute,
        countIf(class IN ('human_direct', 'proxy_human')) AS people,
        countIf(class = 'unknown' OR class = 'machine_prefetch' AND startsWith(reason, 'apple_mpp')) AS hidden,
        count() - people - hidden AS machines
    FROM judged_opens
    WHERE opened_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        AND class != 'not_image' AND time_suspect = 'none'
    GROUP BY minute
    ORDER BY minute
)
SETTINGS max_threads = 1, do_not_merge_across_partitions_select_final = 1
