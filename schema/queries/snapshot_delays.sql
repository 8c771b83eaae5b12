-- Purpose: the latest computed times to open of some campaigns.
-- Grain:   one row: the number of campaigns for which they have been computed, and lists with an element for each.
-- Units:   as in views/snapshot_breakdowns.sql.
-- Reads:   the view snapshot_breakdowns, which the read-only user may read.
SELECT
    count() AS campaigns, groupArray(campaign_id) AS id_list, groupArray(delays) AS delay_list, groupArray(is_current) AS current_list,
    groupArray(age_seconds) AS age_list, groupArray(campaign_rows) AS row_list
FROM snapshot_breakdowns
WHERE campaign_id IN {campaign_ids:Array(UInt64)}
