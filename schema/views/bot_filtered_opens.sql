-- Purpose: opens without scanners, bots and other machines; Apple's prefetch, which may hide a person, still counts.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages.
-- Engine:  a plain view: columns of campaign_report, and no other definition of them.
CREATE OR REPLACE VIEW bot_filtered_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    sends Int64 COMMENT 'Messages of complete registrations, without tests',
    delivered Int64 COMMENT 'Sends that are not known to have bounced, or that arrived nevertheless',
    unique_opens Int64 COMMENT 'Messages with at least one open, machines included',
    bot_filtered_unique_opens Int64 COMMENT 'Measured messages with an open by a person, by Apple Mail in a way that may hide one, or of unknown kind'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, sends, delivered, unique_opens, bot_filtered_unique_opens
FROM campaign_report
