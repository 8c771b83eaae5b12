-- Purpose: the counted opens of a campaign by class of client.
-- Grain:   one row per campaign name and class with at least one open of a registered message.
-- Units:   opens_total counts events, unique_opens messages; a message with two classes counts in both.
-- Engine:  a plain view over message_opens; filter on campaign_id to read one campaign's range of the keys.
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
SELECT campaign_id, campaign, per_class.1 AS class, toInt64(per_class.2) AS opens_total, toInt64(per_class.3) AS unique_opens
FROM (
    SELECT
        campaign_id,
        max(name) AS campaign,
        arrayZip(
            ['unknown', 'human_direct', 'proxy_human', 'machine_prefetch', 'security_scanner',
             'bot', 'http_library', 'link_preview', 'headless'],
            sumForEach(class_opens),
            sumForEach(arrayMap(opens -> opens > 0, class_opens))) AS class_counts
    FROM (
        SELECT campaign_id, 1 AS named, campaign AS name, arrayResize([0], 9) AS class_opens
        FROM campaign_names
        UNION ALL
        SELECT campaign_id, 0, '', class_opens
        FROM message_opens
        WHERE registered AND opens > 0
    )
    GROUP BY campaign_id
    HAVING max(named)
)
ARRAY JOIN class_counts AS per_class
WHERE opens_total > 0
