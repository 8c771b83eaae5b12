-- Purpose: opens without scanners, bots and other machines; Apple's prefetch, which may hide a person, still counts.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages.
-- Engine:  a plain view: columns of campaign_report, and no other definition of them.
CREATE OR REPLACE VIEW bot_filtered_opens
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, sends, delivered, unique_opens, bot_filtered_unique_opens
FROM campaign_report
