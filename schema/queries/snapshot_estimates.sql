-- Purpose: the latest computed estimates of one campaign, and the mark by which its report is known to be current.
-- Grain:   one row, or none if they have not been computed.
-- Units:   as in views/snapshot_estimates.sql.
-- Reads:   the view snapshot_estimates, which the read-only user may read.
SELECT estimates, mark
FROM snapshot_estimates
WHERE campaign_id = {campaign_id:UInt64}
