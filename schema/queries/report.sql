-- Purpose: the report of one campaign.
-- Grain:   one row, or none if no campaign shows under the id.
-- Units:   as in views/campaign_report.sql; the column names are the fields of the JSON report.
-- Reads:   the view campaign_report, which the read-only user may read.
SELECT
    campaign, campaign_id, sends, delivered, opens_total, unique_opens, bot_filtered_unique_opens,
    reliable_unique_opens, mpp_only, mpp_adjusted_open_rate, open_rate_low, open_rate_high, ci_low, ci_high,
    first_open_at, last_open_at, unregistered_opens_total, unregistered_unique_opens
FROM campaign_report
WHERE campaign_id = {campaign_id:UInt64}
