-- Purpose: finds the name of a campaign id.
-- Grain:   one row, or none (also for the younger of two campaigns which a race gave the same name).
-- Units:   created_at is UTC milliseconds.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT campaign_id, campaign, created_at
FROM campaign_names
WHERE campaign_id = {campaign_id:UInt64}
