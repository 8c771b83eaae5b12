-- Purpose: marks all campaigns as changed, so that each report is computed again: before the views change.
-- Grain:   one row per campaign.
-- Units:   mark has no meaning.
-- Reads:   the table campaigns.
INSERT INTO campaign_changes (campaign_id, mark, changed_at)
SELECT campaign_id, rand64(), now64(3, 'UTC')
FROM campaigns
GROUP BY campaign_id
