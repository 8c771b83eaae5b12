-- Purpose: the differences between the messages that are measured individually and the others, in facts known of all: mailbox provider, delivery, clicks.
-- Grain:   one row per campaign name, fact and value.
-- Units:   counts of messages, bounced ones included; shares are fractions of 1 of all measured or all other messages, NULL without any.
-- Engine:  a plain view over sends, message_opens and mailbox_providers; filter on campaign_id to read one campaign's range of the keys.
--
-- Measured: tracking is identified or pseudonymous. Opens are not compared, since the opens of the others are unknown. If the shares
-- differ widely, the rates of the measured messages are not representative of the campaign.
CREATE OR REPLACE VIEW measured_and_rest
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    fact String COMMENT 'Compared fact: messages, provider, bounced, clicked, complained, unsubscribed, replied',
    value String COMMENT 'The provider, or all',
    measured Int64 COMMENT 'Individually measured messages with the value',
    rest Int64 COMMENT 'Other messages with the value',
    measured_share Nullable(Float64) COMMENT 'measured as a share of all individually measured messages',
    rest_share Nullable(Float64) COMMENT 'rest as a share of all other messages',
    difference Nullable(Float64) COMMENT 'measured_share less rest_share; NULL without messages of either kind'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, fact, value, measured, rest,
    measured / nullIf(all_measured, 0) AS measured_share,
    rest / nullIf(all_rest, 0) AS rest_share,
    measured_share - rest_share AS difference
FROM (
    SELECT campaign_id, max(name_part) OVER (PARTITION BY campaign_id) AS campaign, fact, value, measured, rest, named,
        maxIf(measured, fact = 'messages') OVER (PARTITION BY campaign_id) AS all_measured,
        maxIf(rest, fact = 'messages') OVER (PARTITION BY campaign_id) AS all_rest
    FROM (
        SELECT campaign_id, cell.1 AS fact, cell.2 AS value, max(is_name) AS named, max(name) AS name_part,
            toInt64(countIf(cell.3 AND is_measured)) AS measured, toInt64(countIf(cell.3 AND NOT is_measured)) AS rest
        FROM (
            SELECT campaign_id, 1 AS is_name, campaign AS name, 0 AS is_measured, [('', '', toUInt8(0))] AS cells
            FROM campaign_names
            UNION ALL
            SELECT campaign_id, 0, '', is_measured, [('messages', 'all', toUInt8(1)), ('provider', message_provider, toUInt8(1)),
                ('bounced', 'all', is_bounced), ('clicked', 'all', is_clicked), ('complained', 'all', is_complained),
                ('unsubscribed', 'all', is_unsubscribed), ('replied', 'all', is_replied)]
            FROM (
                SELECT campaign_id, message_id, max(is_registered) AS registered, max(tracked) AS is_measured, max(provider) AS message_provider,
                    toUInt8(max(bounce)) AS is_bounced, toUInt8(max(click)) AS is_clicked, toUInt8(max(complaint)) AS is_complained,
                    toUInt8(max(unsubscribe)) AS is_unsubscribed, toUInt8(max(reply)) AS is_replied
                FROM (
                    SELECT campaign_id, message_id, registered AS is_registered, 0 AS tracked, '' AS provider, bounced AS bounce,
                        clicked AS click, complained AS complaint, unsubscribed AS unsubscribe, replied AS reply
                    FROM message_opens
                    UNION ALL
                    SELECT campaign_id, message_id, 0, tracking IN ('identified', 'pseudonymous'),
                        transform(domain, (SELECT groupArray(domain) FROM mailbox_providers), (SELECT groupArray(family) FROM mailbox_providers),
                            if(domain = '', 'unknown', 'other')),
                        0, 0, 0, 0, 0
                    FROM sends FINAL
                )
                GROUP BY campaign_id, message_id
            )
            WHERE registered
        )
        ARRAY JOIN cells AS cell
        GROUP BY campaign_id, fact, value
    )
)
WHERE NOT named AND campaign != ''
