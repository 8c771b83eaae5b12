-- Purpose: computes and stores the estimates of one campaign.
-- Grain:   one row, or none if no campaign shows under the id.
-- Units:   mark, history_mark and history_start are of the answer of campaign_marks, asked before.
-- Reads:   the view campaign_estimates.
INSERT INTO campaign_estimate_totals (campaign_id, computed_at, mark, history_mark, history_start, estimates)
SELECT {campaign_id:UInt64}, now64(3, 'UTC'), {mark:UInt64}, {history_mark:UInt64}, {history_start:DateTime64(3, 'UTC')},
    groupArray((name, rate, low, high, n, assumption, weaknesses))
FROM campaign_estimates
WHERE campaign_id = {campaign_id:UInt64}
HAVING count() > 0
