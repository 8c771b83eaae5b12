-- Purpose: opens as most tools count them, machines included.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages (opens_total: events); times are UTC milliseconds, NULL without opens.
-- Engine:  a plain view: columns of campaign_report, and no other definition of them.
CREATE OR REPLACE VIEW unique_opens
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, sends, delivered, opens_total, unique_opens, first_open_at, last_open_at
FROM campaign_report
