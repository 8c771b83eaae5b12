-- Purpose: marks the campaigns with data from the last day of writing as changed.
-- Grain:   one row per campaign.
-- Units:   mark has no meaning.
-- Reads:   the tables opens, sends, deliveries, registrations and campaign_changes.
--
-- A killed engine may have stored the rows of an insert but not yet the mark. Rows are inserted at most a day after their receipt.
INSERT INTO campaign_changes (campaign_id, mark, changed_at)
WITH (SELECT max(changed_at) FROM campaign_changes) - INTERVAL 1 DAY AS since
SELECT campaign_id, rand64(), now64(3, 'UTC')
FROM (
    SELECT campaign_id FROM opens WHERE received_at >= since
    UNION ALL
    SELECT campaign_id FROM sends WHERE registered_at >= since
    UNION ALL
    SELECT campaign_id FROM deliveries WHERE received_at >= since
    UNION ALL
    SELECT campaign_id FROM registrations WHERE greatest(started_at, completed_at) >= since
)
GROUP BY campaign_id
