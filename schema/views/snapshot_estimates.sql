-- Purpose: the latest computed estimates of a campaign, and the mark by which its report is known to be current.
-- Grain:   one row per campaign whose estimates have been computed.
-- Units:   marks have no meaning.
-- Engine:  a plain view over campaign_estimate_totals and campaign_changes; a filter on campaign_id reaches their keys.
CREATE OR REPLACE VIEW snapshot_estimates
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    estimates Array(Tuple(name String, rate Nullable(Float64), low Nullable(Float64), high Nullable(Float64), n Int64,
        assumption String, weaknesses Array(String))) COMMENT 'The rows of campaign_estimates',
    mark UInt64 COMMENT 'Mark of the campaign now'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, estimates, changes.mark AS mark
FROM campaign_estimate_totals FINAL
INNER JOIN (SELECT campaign_id, sum(mark) AS mark FROM campaign_changes GROUP BY campaign_id) AS changes USING (campaign_id)
