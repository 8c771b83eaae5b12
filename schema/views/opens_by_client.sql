-- Purpose: the opened messages of a campaign by mail client or browser, each message once.
-- Grain:   one row per campaign name and client.
-- Units:   counts of messages.
-- Engine:  a plain view: a dimension of opens_by_dimension, and no other definition of it.
CREATE OR REPLACE VIEW opens_by_client
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    client String COMMENT 'Mail client, webmail or browser; unknown if the request does not show it, none for a machine',
    unique_opens Int64 COMMENT 'Messages whose first open has it, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person has it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, value AS client, unique_opens, reliable_unique_opens
FROM opens_by_dimension
WHERE dimension = 'client'
