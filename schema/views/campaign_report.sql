-- Purpose: the report of a campaign, every number with its uncertainty.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages (opens_total, unregistered_opens_total: events); rates and bounds are fractions of 1, NULL
--          where their denominator is 0; times are UTC milliseconds, NULL without opens.
-- Engine:  a plain view over campaign_counts. Filter on campaign_id to read one campaign's range of the keys; a filter
--          on campaign alone is right too, but reads all campaigns. Look the id up in campaign_names first.
--
-- mpp_adjusted_open_rate leaves the messages out that only Apple's prefetch fetched. open_rate_low counts none of those
-- as read, open_rate_high all of them, and the opens of unknown kind besides: those three kinds of messages together
-- are bot_filtered_unique_opens. ci_low and ci_high are the 95 % Wilson score interval of the adjusted rate (Wilson
-- 1927, JASA 22); written with reliable and missing messages, so that it is exactly 0 and 1 at its ends.
CREATE OR REPLACE VIEW campaign_report
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    1.959963984540054 AS z,
    nullIf(delivered, 0) AS denominator,
    nullIf(toInt64(delivered) - toInt64(mpp_only), 0) AS adjusted_denominator,
    adjusted_denominator - toInt64(reliable_unique_opens) AS misses,
    z * sqrt(toFloat64(reliable_unique_opens) * misses / adjusted_denominator + z * z / 4) AS spread
SELECT
    campaign_id,
    campaign,
    sends,
    delivered,
    opens_total,
    unique_opens,
    bot_filtered_unique_opens,
    reliable_unique_opens,
    mpp_only,
    reliable_unique_opens / adjusted_denominator AS mpp_adjusted_open_rate,
    reliable_unique_opens / denominator AS open_rate_low,
    bot_filtered_unique_opens / denominator AS open_rate_high,
    (reliable_unique_opens + z * z / 2 - spread) / (adjusted_denominator + z * z) AS ci_low,
    1 - (misses + z * z / 2 - spread) / (adjusted_denominator + z * z) AS ci_high,
    first_open_at,
    last_open_at,
    unregistered_opens_total,
    unregistered_unique_opens
FROM campaign_counts
