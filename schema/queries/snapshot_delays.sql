-- Purpose: the latest computed times to open of some campaigns.
-- Grain:   one row: the number of campaigns for which they have been computed, and lists with an element for each.
-- Units:   as in views/snapshot_breakdowns.sql.
-- Reads:   the views snapshot_breakdowns and snapshot_marks, which the read-only user may read.
SELECT
    count() AS campaigns, groupArray(campaign_id) AS id_list, groupArray(delays) AS delay_list, groupArray(snapshots.mark = marks.mark) AS current_list,
    groupArray(age_seconds) AS age_list, groupArray(campaign_rows) AS row_list
FROM snapshot_breakdowns AS snapshots
INNER JOIN snapshot_marks AS marks USING (campaign_id)
WHERE campaign_id IN {campaign_ids:Array(UInt64)}
