-- Purpose: the opened messages of a campaign by mailbox provider of the recipient, each message once.
-- Grain:   one row per campaign name and provider.
-- Units:   counts of messages.
-- Engine:  a plain view: a dimension of opens_by_dimension, and no other definition of it.
CREATE OR REPLACE VIEW opens_by_provider
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    provider String COMMENT 'Provider by the domain of the recipient (mailbox_providers), other, or unknown',
    unique_opens Int64 COMMENT 'Messages whose first open has it, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person has it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, value AS provider, unique_opens, reliable_unique_opens
FROM opens_by_dimension
WHERE dimension = 'provider'
