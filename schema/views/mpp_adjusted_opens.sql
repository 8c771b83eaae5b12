-- Purpose: the open rate corrected for Apple Mail Privacy Protection, with its bounds and its interval.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages; rates and bounds are fractions of 1, NULL where their denominator is 0.
-- Engine:  a plain view: columns of campaign_report, and no other definition of them.
CREATE OR REPLACE VIEW mpp_adjusted_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    sends Int64 COMMENT 'Messages of complete registrations, without tests',
    delivered Int64 COMMENT 'Sends that are not known to have bounced, or that arrived nevertheless',
    measured Int64 COMMENT 'Delivered messages that are tracked individually; the base of every rate',
    reliable_unique_opens Int64 COMMENT 'Measured messages that a person opened, directly or through a proxy that fetches when a person looks',
    mpp_only Int64 COMMENT 'Measured messages that Apple Mail fetched in a way that may hide a person, without evidence of one',
    mpp_adjusted_open_rate Nullable(Float64) COMMENT 'reliable_unique_opens / (measured - mpp_only), a fraction of 1; NULL if that is 0',
    open_rate_low Nullable(Float64) COMMENT 'reliable_unique_opens / measured, a fraction of 1; NULL if measured is 0',
    open_rate_high Nullable(Float64) COMMENT 'bot_filtered_unique_opens / measured, a fraction of 1; NULL if measured is 0',
    ci_low Nullable(Float64) COMMENT 'Lower end of the 95 % Wilson interval of mpp_adjusted_open_rate: sampling error only',
    ci_high Nullable(Float64) COMMENT 'Upper end of the 95 % Wilson interval of mpp_adjusted_open_rate: sampling error only'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, sends, delivered, measured, reliable_unique_opens, mpp_only, mpp_adjusted_open_rate,
    open_rate_low, open_rate_high, ci_low, ci_high
FROM campaign_report
