-- Purpose: the campaigns that have changed since their report was stored.
-- Grain:   one row: the number of campaigns, and lists with an element for each.
-- Units:   marks have no meaning; times are UTC milliseconds, 0 without a snapshot; sizes are messages and opens.
-- Reads:   the tables campaign_changes, campaign_totals, campaign_estimate_totals and campaign_breakdowns, and the view campaign_names.
SELECT
    count() AS campaigns, now64(3, 'UTC') AS asked_at,
    groupArray(campaign_id) AS ids, groupArray(changes) AS mark_list, groupArray(toUnixTimestamp64Milli(changed)) AS changed_list,
    groupArray(snapshot_mark) AS snapshot_mark_list, groupArray(snapshot_estimates) AS snapshot_estimates_list,
    groupArray(snapshot_breakdowns) AS snapshot_breakdowns_list, groupArray(snapshot_history) AS snapshot_history_list,
    groupArray(toUnixTimestamp64Milli(read)) AS read_list, groupArray(toUnixTimestamp64Milli(breakdowns_read)) AS breakdowns_read_list,
    groupArray(toUnixTimestamp64Milli(history)) AS history_start_list,
    groupArray(toUnixTimestamp64Milli(starts)) AS start_list, groupArray(toUnixTimestamp64Milli(ends)) AS end_list,
    groupArray(toUInt64(size)) AS size_list
FROM (
    SELECT campaign_id, sum(mark) AS changes, max(changed_at) AS changed, max(kept_mark) AS snapshot_mark,
        max(kept_estimates) AS snapshot_estimates, max(kept_breakdowns) AS snapshot_breakdowns, max(kept_history) AS snapshot_history,
        max(read_at) AS read, max(breakdowns_at) AS breakdowns_read, max(history_start) AS history, max(starts_at) AS starts, 
        if(max(kept), max(ends_at), toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) AS ends, max(rows) AS size
    FROM (
        SELECT campaign_id, mark, changed_at, 0 AS kept_mark, 0 AS kept_estimates, 0 AS kept_breakdowns, 0 AS kept_history,
            toDateTime64(0, 3, 'UTC') AS read_at, toDateTime64(0, 3, 'UTC') AS breakdowns_at, toDateTime64(0, 3, 'UTC') AS history_start,
            toDateTime64(0, 3, 'UTC') AS starts_at, toDateTime64(0, 3, 'UTC') AS ends_at, 0 AS rows, 0 AS kept
        FROM campaign_changes
        UNION ALL
        SELECT campaign_id, 0, toDateTime64(0, 3, 'UTC'), totals.mark, 0, 0, 0, totals.read_at, toDateTime64(0, 3, 'UTC'),
            toDateTime64(0, 3, 'UTC'), totals.starts_at, ifNull(last_sent_at, totals.starts_at), sends + opens_total + unregistered_opens_total, 1
        FROM campaign_totals AS totals FINAL
        UNION ALL
        SELECT campaign_id, 0, toDateTime64(0, 3, 'UTC'), 0, mark, 0, history_mark, toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC'),
            history_start, toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC'), 0, 0
        FROM campaign_estimate_totals FINAL
        UNION ALL
        SELECT campaign_id, 0, toDateTime64(0, 3, 'UTC'), 0, 0, mark, 0, toDateTime64(0, 3, 'UTC'), breakdowns.read_at,
            toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC'), 0, 0
        FROM campaign_breakdowns AS breakdowns FINAL
    )
    WHERE campaign_id IN (SELECT campaign_id FROM campaign_names)
    GROUP BY campaign_id
)
