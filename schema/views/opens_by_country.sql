-- Purpose: the opened messages of a campaign by country of the recipient's device, each message once.
-- Grain:   one row per campaign name and country.
-- Units:   counts of messages.
-- Engine:  a plain view: a dimension of opens_by_dimension, and no other definition of it.
CREATE OR REPLACE VIEW opens_by_country
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    country String COMMENT 'Country code; cannot be told where a proxy or a machine asked for the image',
    unique_opens Int64 COMMENT 'Messages whose first open has it, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person has it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, value AS country, unique_opens, reliable_unique_opens
FROM opens_by_dimension
WHERE dimension = 'country'
