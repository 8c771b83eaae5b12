-- Purpose: the counted opens of a campaign by class of client.
-- Grain:   one row per campaign name and class with at least one open of a registered message.
-- Units:   opens_total counts events, unique_opens messages; a message with two classes counts in both.
-- Engine:  a plain view over campaign_counts; filter on campaign_id to read one campaign's range of the keys.
CREATE OR REPLACE VIEW opens_by_class
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    class String COMMENT 'Class of the client that fetched the pixel',
    opens_total Int64 COMMENT 'Opens of registered messages of this class',
    unique_opens Int64 COMMENT 'Registered messages with an open of this class; one with two classes counts in both'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, counted.1 AS class, counted.2 AS opens_total, counted.3 AS unique_opens
FROM campaign_counts
ARRAY JOIN classes AS counted
