-- Purpose: the latest computed counts and the estimate to quote of several campaigns, for a list.
-- Grain:   one row: the number of campaigns whose report has been computed, and lists with an element for each.
-- Units:   as in views/campaign_snapshots.sql; rates are in a tuple, since groupArray leaves NULL out.
-- Reads:   the view campaign_snapshots, which the read-only user may read.
SELECT
    count() AS campaigns,
    groupArray(campaign_id) AS id_list,
    groupArray(campaign) AS name_list,
    groupArray(toUInt64(sends)) AS sends_list,
    groupArray(toUInt64(delivered)) AS delivered_list,
    groupArray(toUInt64(measured)) AS measured_list,
    groupArray(toUInt64(reliable_unique_opens)) AS reliable_list,
    arrayMap(x -> x.2, groupArray(overall)) AS rate_list,
    arrayMap(x -> x.3, groupArray(overall)) AS low_list,
    arrayMap(x -> x.4, groupArray(overall)) AS high_list
FROM (
    SELECT campaign_id, campaign, sends, delivered, measured, reliable_unique_opens, arrayFirst(x -> x.1 = 'overall', estimates) AS overall
    FROM campaign_snapshots
    WHERE campaign_id IN {campaign_ids:Array(UInt64)}
)
