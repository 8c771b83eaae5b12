-- Purpose: the latest computed opens of one campaign over time.
-- Grain:   one row, or none if they have not been computed.
-- Units:   as in views/snapshot_breakdowns.sql.
-- Reads:   the view snapshot_breakdowns, which the read-only user may read.
SELECT first_sent_at, quarter_hours, mark, age_seconds, campaign_rows
FROM snapshot_breakdowns
WHERE campaign_id = {campaign_id:UInt64}
