-- Purpose: computes and stores the numbers of one campaign's report.
-- Grain:   one row, or none if no campaign shows under the id.
-- Units:   mark and read_at are of the answer of campaign_marks, asked before.
-- Reads:   the table campaign_totals, and the views campaign_counts and campaign_names.
INSERT INTO campaign_totals
    (campaign_id, read_at, mark, starts_at, campaign, sends, delivered, opens_total, unique_opens, bot_filtered_unique_opens, reliable_unique_opens, mpp_only,
    mpp_adjusted_open_rate, open_rate_low, open_rate_high, ci_low, ci_high, first_open_at, last_open_at,
    unregistered_opens_total, unregistered_unique_opens, tests, measured, measured_share, unknown_only, confirmed_unique_opens,
    bounced, clicked, click_rate, complained, unsubscribed, replied, first_reliable_open_at, last_reliable_open_at, unplaced,
    sends_with_time, first_sent_at, last_sent_at, recovered_opens, bounce_rate, click_to_open_rate, complaint_rate,
    unsubscribe_rate, reply_rate,
    computed_at, classes, account_rows)
SELECT campaign_id, {read_at:DateTime64(3, 'UTC')}, {mark:UInt64},
    ifNull(first_sent_at, created_at), campaign, sends, delivered, opens_total, unique_opens, bot_filtered_unique_opens, reliable_unique_opens, mpp_only,
    mpp_adjusted_open_rate, open_rate_low, open_rate_high, ci_low, ci_high, first_open_at, last_open_at,
    unregistered_opens_total, unregistered_unique_opens, tests, measured, measured_share, unknown_only, confirmed_unique_opens,
    bounced, clicked, click_rate, complained, unsubscribed, replied, first_reliable_open_at, last_reliable_open_at, unplaced,
    sends_with_time, first_sent_at, last_sent_at, recovered_opens, bounce_rate, click_to_open_rate, complaint_rate,
    unsubscribe_rate, reply_rate,
    computed_at, classes, ifNull((SELECT toInt64(sum(sends + opens_total)) FROM campaign_totals FINAL), 0)
FROM (SELECT *, now64(3, 'UTC') AS computed_at FROM campaign_counts WHERE campaign_id = {campaign_id:UInt64}) AS counts
CROSS JOIN (SELECT max(created_at) AS created_at FROM campaign_names WHERE campaign_id = {campaign_id:UInt64}) AS names
