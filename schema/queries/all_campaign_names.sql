-- Purpose: the names of all campaigns, for a result about many of them.
-- Grain:   one row: the number of campaigns, and lists with an element for each.
-- Units:   none.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT count() AS campaigns, groupArray(campaign_id) AS ids, groupArray(campaign) AS names
FROM campaign_names
