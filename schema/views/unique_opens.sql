-- Purpose: opens as most tools count them, machines included.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages (opens_total: events); times are UTC milliseconds, NULL without opens.
-- Engine:  a plain view: columns of campaign_report, and no other definition of them.
CREATE OR REPLACE VIEW unique_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    sends Int64 COMMENT 'Messages of complete registrations, without tests',
    delivered Int64 COMMENT 'Sends that are not known to have bounced, or that arrived nevertheless',
    opens_total Int64 COMMENT 'Opens of registered messages, machines included; every request for the pixel is one',
    unique_opens Int64 COMMENT 'Messages with at least one open, machines included',
    first_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the first open, machines included, UTC; NULL without an open with a possible time',
    last_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the last open, machines included, UTC; NULL without an open with a possible time'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, sends, delivered, opens_total, unique_opens, first_open_at, last_open_at
FROM campaign_report
