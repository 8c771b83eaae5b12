-- Purpose: the latest computed estimates of one campaign, and whether they are those that would be computed now.
-- Grain:   one row, or none if they have not been computed.
-- Units:   computed_at is the time of the numbers, UTC: the estimates may be as new as numbers that were stored later than those read.
-- Reads:   the view campaign_snapshots, which the read-only user may read.
SELECT estimates, estimates_are_current, computed_at
FROM campaign_snapshots
WHERE campaign_id = {campaign_id:UInt64}
