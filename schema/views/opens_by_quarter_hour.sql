-- Purpose: the opens of a campaign by quarter of an hour, for charts; hours and days in any time zone are sums of them.
-- Grain:   one row per campaign name and quarter of an hour with an open; the one of 1970-01-01 holds opens with an impossible time.
-- Units:   quarter_hour is UTC; opens counts events, the others messages.
-- Engine:  a plain view over quarter_hour_counts; filter on campaign_id to read one campaign.
--
-- Hour of day and weekday: toHour(quarter_hour, 'Europe/Berlin'), toDayOfWeek(quarter_hour, 0, 'Europe/Berlin').
CREATE OR REPLACE VIEW opens_by_quarter_hour
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    quarter_hour DateTime('UTC') COMMENT 'Start of the quarter of an hour, UTC; 1970-01-01 for opens with an impossible time',
    opens Int64 COMMENT 'Opens of registered messages, machines included',
    unique_opens Int64 COMMENT 'Registered messages whose first open is in it, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person is in it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, counted.1 AS quarter_hour, counted.2 AS opens, counted.3 AS unique_opens, counted.4 AS reliable_unique_opens
FROM (
    SELECT campaign_id, max(name) AS campaign, groupArrayIf((quarter_hour, opens, unique_opens, reliable_unique_opens), NOT named) AS counts
    FROM (
        SELECT campaign_id, 1 AS named, campaign AS name, toDateTime(0, 'UTC') AS quarter_hour,
            toInt64(0) AS opens, toInt64(0) AS unique_opens, toInt64(0) AS reliable_unique_opens
        FROM campaign_names
        UNION ALL
        SELECT campaign_id, 0, '', quarter_hour, opens, unique_opens, reliable_unique_opens
        FROM quarter_hour_counts
    )
    GROUP BY campaign_id
    HAVING max(named)
)
ARRAY JOIN counts AS counted
