-- Purpose: the opens of a campaign over time. The hours and days of any time zone are sums of these quarters of an hour.
-- Grain:   one row per campaign and quarter of an hour with an open; the one of 1970-01-01 holds opens with an impossible time.
-- Units:   quarter_hour is UTC; opens counts events, the others messages.
-- Engine:  a plain view over message_opens and opens; filter on campaign_id to read one campaign's range of the keys.
--
-- Formula: an open counts in the quarter of its time, a message once in unique_opens, in the quarter of its first open, and once in
-- reliable_unique_opens, if it is measured, in the quarter of its first open by a person. So they add up to campaign_report.
CREATE OR REPLACE VIEW quarter_hour_counts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    quarter_hour DateTime('UTC') COMMENT 'Start of the quarter of an hour, UTC; 1970-01-01 for opens with an impossible time',
    opens Int64 COMMENT 'Opens of registered messages, machines included',
    unique_opens Int64 COMMENT 'Registered messages whose first open is in it, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person is in it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, counted.1 AS quarter_hour, toInt64(sum(counted.2)) AS opens, toInt64(sum(counted.3)) AS unique_opens,
    toInt64(sum(counted.4)) AS reliable_unique_opens
FROM (
    SELECT campaign_id, message_id, arrayFilter(x -> x.2 OR x.3 OR x.4, arrayConcat(
        [(max(first_quarter), 0, 1, 0), (max(person_quarter), 0, 0, max(is_read))],
        arrayMap(quarter -> (quarter, 1, 0, 0), groupArrayIf(opened_quarter, is_open)))) AS all_counted
    FROM (
        SELECT campaign_id, message_id, registered AS is_registered, measured AND reliable AS is_read, 0 AS is_open,
            if(timed, toStartOfFifteenMinutes(toDateTime(first_open, 'UTC')), toDateTime(0, 'UTC')) AS first_quarter,
            if(timed_reliable, toStartOfFifteenMinutes(toDateTime(first_reliable_open, 'UTC')), toDateTime(0, 'UTC')) AS person_quarter,
            toDateTime(0, 'UTC') AS opened_quarter
        FROM message_opens
        WHERE registered AND opens > 0
        UNION ALL
        SELECT campaign_id, message_id, 0, 0, 1, toDateTime(0, 'UTC'), toDateTime(0, 'UTC'),
            if(time_suspect = 'none', toStartOfFifteenMinutes(toDateTime(opened_at, 'UTC')), toDateTime(0, 'UTC'))
        FROM judged_opens
        WHERE class != 'not_image'
    )
    GROUP BY campaign_id, message_id
    HAVING max(is_registered)
)
ARRAY JOIN all_counted AS counted
GROUP BY campaign_id, quarter_hour
SETTINGS do_not_merge_across_partitions_select_final = 1
