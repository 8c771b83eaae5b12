-- Purpose: the report of one campaign.
-- Grain:   one row, or none if no campaign shows under the id.
-- Units:   as in views/campaign_report.sql; the column names are the fields of the JSON report.
-- Reads:   the view campaign_counts, which has the columns of campaign_report and the opens by class, and which the read-only user may read.
SELECT
    campaign, campaign_id, toUInt64(sends) AS sends, toUInt64(delivered) AS delivered, toUInt64(opens_total) AS opens_total,
    toUInt64(unique_opens) AS unique_opens, toUInt64(bot_filtered_unique_opens) AS bot_filtered_unique_opens,
    toUInt64(reliable_unique_opens) AS reliable_unique_opens, toUInt64(mpp_only) AS mpp_only, mpp_adjusted_open_rate,
    open_rate_low, open_rate_high, ci_low, ci_high, first_open_at, last_open_at,
    toUInt64(unregistered_opens_total) AS unregistered_opens_total,
    toUInt64(unregistered_unique_opens) AS unregistered_unique_opens, toUInt64(tests) AS tests,
    toUInt64(measured) AS measured, measured_share, toUInt64(unknown_only) AS unknown_only,
    toUInt64(confirmed_unique_opens) AS confirmed_unique_opens, toUInt64(bounced) AS bounced, toUInt64(clicked) AS clicked,
    click_rate, toUInt64(complained) AS complained, toUInt64(unsubscribed) AS unsubscribed, toUInt64(replied) AS replied,
    first_reliable_open_at, last_reliable_open_at, toUInt64(unplaced) AS unplaced,
    toUInt64(sends_with_time) AS sends_with_time, last_sent_at, toUInt64(recovered_opens) AS recovered_opens,
    bounce_rate, click_to_open_rate, complaint_rate, unsubscribe_rate, reply_rate, now64(3, 'UTC') AS computed_at, classes
FROM campaign_counts
WHERE campaign_id = {campaign_id:UInt64}
