-- Purpose: finds the name of a campaign id.
-- Grain:   one row: 1 and the campaign, or 0 (also for the younger of two campaigns which a race gave the same name).
-- Units:   none.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT count() AS campaigns, any(campaign) AS name
FROM campaign_names
WHERE campaign_id = {campaign_id:UInt64}
