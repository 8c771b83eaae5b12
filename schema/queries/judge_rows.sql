-- Purpose: the minimum number of rows of judge_opens and judge_clicks, so that a cut-off answer is detected.
-- Grain:   one row.
-- Units:   events, clicks.
-- Reads:   the tables opens and deliveries by their keys, so only as the warehouse user.
SELECT
    (SELECT count() FROM opens FINAL WHERE campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64} SETTINGS do_not_merge_across_partitions_select_final = 1) AS opens,
    (SELECT count() FROM deliveries FINAL WHERE kind = 'clicked' AND campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64} SETTINGS do_not_merge_across_partitions_select_final = 1) AS clicks
