-- Purpose: the opened messages of a campaign by client, vendor, os, device, country, provider, class and reason, each message once.
-- Grain:   one row per campaign name, dimension and value with at least one message.
-- Units:   counts of messages.
-- Engine:  a plain view over breakdown_counts; filter on campaign_id to read one campaign, and on dimension to read one breakdown.
--
-- Each dimension adds up to unique_opens and reliable_unique_opens of campaign_report. opens_by_class counts otherwise: there a message
-- with opens of two classes is in both.
CREATE OR REPLACE VIEW opens_by_dimension
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    dimension String COMMENT 'client, vendor, os, device, country, provider (of the recipient''s mailbox), class or reason',
    value String COMMENT 'Value of the dimension; a country that a proxy hides cannot be told',
    unique_opens Int64 COMMENT 'Messages whose first open has that value, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person has that value'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, counted.1 AS dimension, counted.2 AS value, counted.3 AS unique_opens, counted.4 AS reliable_unique_opens
FROM (
    SELECT campaign_id, max(name) AS campaign, groupArrayIf((dimension, value, unique_opens, reliable_unique_opens), NOT named) AS counts
    FROM (
        SELECT campaign_id, 1 AS named, campaign AS name, '' AS dimension, '' AS value, toInt64(0) AS unique_opens, toInt64(0) AS reliable_unique_opens
        FROM campaign_names
        UNION ALL
        SELECT campaign_id, 0, '', dimension, value, unique_opens, reliable_unique_opens
        FROM breakdown_counts
    )
    GROUP BY campaign_id
    HAVING max(named)
)
ARRAY JOIN counts AS counted
