-- Purpose: opens of recipients who are not measured individually: counts of a campaign, its strata and its hours, none so small that it reveals a person.
-- Grain:   one row per campaign name, dimension and value.
-- Units:   opens counts events, NULL where it is hidden; a person may open more than once. messages counts messages.
-- Engine:  a plain view over aggregate_opens and sends; filter on campaign_id to read one campaign's range of the keys.
--
-- dimension is campaign (value people: opens by a person; machines: the others), that of the strata (provider, a column) or hour:
-- both divide the opens by a person. withdrawn: opens of messages whose recipient has withdrawn; they are in no other count.
-- A count below 10, or of fewer than 10 messages, is hidden. If a division has a hidden count, its smallest others are hidden
-- too, until those that are hidden are two at least and sum up to 10 at least: so no difference from the whole shows a small one.
CREATE OR REPLACE VIEW aggregate_counts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    dimension String COMMENT 'Dimension of the count: campaign, hour, withdrawn, or that of the strata, such as provider',
    value String COMMENT 'Value of the dimension: people or machines, the hour in UTC, the stratum',
    messages Int64 COMMENT 'Messages whose opens are counted; for an hour all of the campaign',
    opens Nullable(Int64) COMMENT 'Opens, repeats of a person included; NULL if it is hidden'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, name AS campaign, dimension, value, cell_messages AS messages,
    if(is_small OR divides AND hides AND (cells_before < 2 OR opens_before < 10), NULL, cell_opens) AS opens
FROM (
    SELECT campaign_id, name, dimension, value, cell_messages, cell_opens, is_small, divides,
        max(is_small) OVER (PARTITION BY campaign_id, dimension) AS hides,
        count() OVER before AS cells_before,
        sum(cell_opens) OVER before AS opens_before
    FROM (
        SELECT campaign_id, name, dimension, value, cell_opens,
            if(dimension = 'hour', whole_messages, own_messages) AS cell_messages,
            cell_opens < 10 OR cell_messages < 10 AS is_small,
            dimension NOT IN ('campaign', 'withdrawn') AS divides
        FROM (
            SELECT campaign_id, dimension, value, own_messages, cell_opens, named,
                max(name_part) OVER (PARTITION BY campaign_id) AS name,
                maxIf(own_messages, dimension = 'campaign') OVER (PARTITION BY campaign_id) AS whole_messages
            FROM (
                SELECT campaign_id, cell.1 AS dimension, cell.2 AS value, sum(cell.3) AS own_messages, sum(cell.4) AS cell_opens,
                    max(named) AS named, max(name_of_campaign) AS name_part
                FROM (
                    SELECT campaign_id, 1 AS named, campaign AS name_of_campaign, [('', '', toInt64(0), toInt64(0))] AS cells
                    FROM campaign_names
                    UNION ALL
                    SELECT sent.campaign_id, 0, '', if(sent.stratum = '',
                        [('withdrawn', 'people', sent.messages, toInt64(0))],
                        arrayConcat([('campaign', 'people', sent.messages, toInt64(0)), ('campaign', 'machines', sent.messages, toInt64(0))],
                            arrayFilter(cell -> cell.1 NOT IN ('', 'all'), [(divided.dimension, sent.stratum, sent.messages, toInt64(0))])))
                    FROM (
                        SELECT campaign_id, toString(stratum) AS stratum, toInt64(count()) AS messages
                        FROM (
                            SELECT campaign_id, stratum, tracking, test,
                                registration = 0 OR registration IN (SELECT registration_id FROM registrations FINAL WHERE state = 'complete') AS is_complete
                            FROM sends FINAL
                        )
                        WHERE tracking = 'aggregate' AND is_complete AND NOT test
                        GROUP BY campaign_id, stratum
                    ) AS sent
                    LEFT JOIN (
                        SELECT campaign_id, toString(any(strata.dimension)) AS dimension FROM strata GROUP BY campaign_id
                    ) AS divided ON divided.campaign_id = sent.campaign_id
                    UNION ALL
                    SELECT fetched.campaign_id, 0, '', if(fetched.stratum_id = toUUID('00000000-0000-0000-0000-000000000000'),
                        [('withdrawn', 'people', toInt64(0), fetched.people)],
                        arrayConcat([('campaign', 'people', toInt64(0), fetched.people), ('campaign', 'machines', toInt64(0), fetched.machines),
                                ('hour', formatDateTime(fetched.opened_hour, '%Y-%m-%dT%H:00:00Z', 'UTC'), toInt64(0), fetched.people)],
                            arrayFilter(cell -> cell.1 NOT IN ('', 'all'), [(toString(named_strata.dimension), named_strata.stratum, toInt64(0), fetched.people)])))
                    FROM (
                        SELECT campaign_id, stratum_id, opened_hour,
                            toInt64(countIf(class IN ('human_direct', 'proxy_human'))) AS people,
                            toInt64(countIf(class NOT IN ('human_direct', 'proxy_human', 'not_image'))) AS machines
                        FROM aggregate_opens FINAL
                        WHERE campaign_id != 0
                        GROUP BY campaign_id, stratum_id, opened_hour
                    ) AS fetched
                    LEFT JOIN (
                        SELECT campaign_id, stratum_id, any(strata.dimension) AS dimension, any(strata.stratum) AS stratum
                        FROM strata GROUP BY campaign_id, stratum_id
                    ) AS named_strata ON named_strata.campaign_id = fetched.campaign_id AND named_strata.stratum_id = fetched.stratum_id
                )
                ARRAY JOIN cells AS cell
                GROUP BY campaign_id, dimension, value
            )
        )
        WHERE NOT named AND name != '' AND (dimension != 'hour' OR cell_opens > 0)
    )
    WINDOW before AS (PARTITION BY campaign_id, dimension ORDER BY is_small DESC, cell_opens, value ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
