-- Purpose: the latest computed estimates of one campaign.
-- Grain:   one row, or none if they have not been computed.
-- Units:   as in views/snapshot_estimates.sql.
-- Reads:   the view snapshot_estimates, which the read-only user may read.
SELECT estimates
FROM snapshot_estimates
WHERE campaign_id = {campaign_id:UInt64}
SETTINGS max_threads = 1
