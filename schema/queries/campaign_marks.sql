-- Purpose: the change up to which the report of a campaign is about to be computed. Read before the computation, so that a later change is detected.
-- Grain:   one row.
-- Units:   marks have no meaning; read_at is the time of asking, UTC; history_start as it was known last; threads as in max_threads.
-- Reads:   the tables campaign_changes, campaign_totals and campaigns, and the view campaign_names.
--
-- threads are those for the computation: one fewer than for a query that somebody waits for, but at least one.
WITH (
    SELECT ifNull((SELECT max(starts_at) FROM campaign_totals FINAL WHERE campaign_id = {campaign_id:UInt64} HAVING count() > 0),
        (SELECT max(created_at) FROM campaigns FINAL WHERE campaign_id = {campaign_id:UInt64}))
) AS start
SELECT sumIf(changes, campaign_id = {campaign_id:UInt64}) AS mark,
    sumIf(changes, campaign_id != {campaign_id:UInt64} AND starts_at < start AND ends_at >= start - INTERVAL 90 DAY) AS history_mark,
    any(start) AS history_start, now64(3, 'UTC') AS read_at, toUInt64(greatest(getSetting('max_threads'), 2) - 1) AS threads
FROM (
    SELECT campaign_id, sum(mark) AS changes, max(starts_at) AS starts_at,
        if(max(kept), max(ends_at), toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) AS ends_at
    FROM (
        SELECT campaign_id, mark, toDateTime64(0, 3, 'UTC') AS starts_at, toDateTime64(0, 3, 'UTC') AS ends_at, 0 AS kept
        FROM campaign_changes
        UNION ALL
        SELECT campaign_id, 0, totals.starts_at, ifNull(last_sent_at, totals.starts_at), 1
        FROM campaign_totals AS totals FINAL
    )
    WHERE campaign_id IN (SELECT campaign_id FROM campaign_names)
    GROUP BY campaign_id
)
