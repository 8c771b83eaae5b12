-- Purpose: the open rate corrected for Apple Mail Privacy Protection, with its bounds and its interval.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages; rates and bounds are fractions of 1, NULL where their denominator is 0.
-- Engine:  a plain view: columns of campaign_report, and no other definition of them.
CREATE OR REPLACE VIEW mpp_adjusted_opens
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, sends, delivered, reliable_unique_opens, mpp_only, mpp_adjusted_open_rate,
    open_rate_low, open_rate_high, ci_low, ci_high
FROM campaign_report
