-- Purpose: the rates of several campaigns, for a trend.
-- Grain:   one row: the number of campaigns, and lists with an element for each, by campaign_id.
-- Units:   counts of messages; rates are fractions of 1, NULL if unknown (in a tuple, since groupArray leaves NULL out).
-- Reads:   the views campaign_report and campaign_estimates, which the read-only user may read.
SELECT
    count() AS campaigns,
    groupArray(campaign_id) AS id_list,
    groupArray(name) AS name_list,
    groupArray(toUInt64(delivered_messages)) AS delivered_list,
    groupArray(toUInt64(measured_messages)) AS measured_list,
    groupArray(toUInt64(reliable_messages)) AS reliable_list,
    groupArray(toUInt64(clicked_messages)) AS clicked_list,
    arrayMap(x -> x.1, groupArray(tuple(overall.1))) AS rate_list,
    arrayMap(x -> x.1, groupArray(tuple(overall.2))) AS low_list,
    arrayMap(x -> x.1, groupArray(tuple(overall.3))) AS high_list
FROM (
    SELECT campaign_id, max(campaign_name) AS name, max(delivered) AS delivered_messages, max(measured) AS measured_messages,
        max(reliable) AS reliable_messages, max(clicks) AS clicked_messages, argMax(estimate, is_estimate) AS overall
    FROM (
        SELECT campaign_id, campaign AS campaign_name, delivered, measured, reliable_unique_opens AS reliable, clicked AS clicks,
            0 AS is_estimate, (CAST(NULL, 'Nullable(Float64)'), CAST(NULL, 'Nullable(Float64)'), CAST(NULL, 'Nullable(Float64)')) AS estimate
        FROM campaign_report
        WHERE campaign_id IN {campaign_ids:Array(UInt64)}
        UNION ALL
        SELECT campaign_id, '', 0, 0, 0, 0, 1, (rate, low, high)
        FROM campaign_estimates
        WHERE campaign_id IN {campaign_ids:Array(UInt64)} AND name = 'overall'
    )
    GROUP BY campaign_id
    ORDER BY campaign_id
)
