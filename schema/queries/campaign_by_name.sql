-- Purpose: finds the campaign of a name; reports begin here, since a filter on the id reads far less.
-- Grain:   one row: 1 and the campaign, or 0.
-- Units:   none.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT count() AS campaigns, any(campaign_id) AS id
FROM campaign_names
WHERE campaign = {campaign:String}
SETTINGS max_threads = 1
