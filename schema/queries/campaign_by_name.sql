-- Purpose: finds the campaign of a name; reports begin here, since a filter on the id reads far less.
-- Grain:   one row, or none.
-- Units:   created_at is UTC milliseconds.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT campaign_id, campaign, created_at
FROM campaign_names
WHERE campaign = {campaign:String}
