-- Purpose: the latest computed estimates of a campaign.
-- Grain:   one row per campaign whose estimates have been computed.
-- Units:   as in campaign_estimates.
-- Engine:  a plain view over campaign_estimate_totals; a filter on campaign_id reaches its key.
CREATE OR REPLACE VIEW snapshot_estimates
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    estimates Array(Tuple(name String, rate Nullable(Float64), low Nullable(Float64), high Nullable(Float64), n Int64,
        assumption String, weaknesses Array(String))) COMMENT 'The rows of campaign_estimates'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, estimates
FROM campaign_estimate_totals FINAL
