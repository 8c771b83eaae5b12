-- Purpose: the clicks of campaigns, or of a part of their messages, in the order of their messages, with the facts of each message.
-- Grain:   one row per click.
-- Units:   as in judge_opens; honeypot is 1 for a link that no person sees.
-- Reads:   the tables deliveries and sends by their keys, so only as the warehouse user.
SELECT was.campaign_id, was.message_id, was.occurred_ms, was.link_hash, was.ip, was.user_agent, was.network, was.as_number, was.class, was.reason,
    was.request_class, was.request_reason, was.honeypot, message.known, message.sent_ms, message.delivered_ms, message.domain
FROM (
    SELECT campaign_id, message_id, toUnixTimestamp64Milli(occurred_at) AS occurred_ms, link_hash, ip, toString(user_agent) AS user_agent,
        toString(network) AS network, as_number, toInt8(class) AS class, toString(reason) AS reason,
        toInt8(if(judged_run = 0, deliveries.class, deliveries.request_class)) AS request_class,
        toString(if(judged_run = 0, deliveries.reason, deliveries.request_reason)) AS request_reason, url IN {honeypots:Array(String)} AS honeypot
    FROM deliveries FINAL
    WHERE kind = 'clicked' AND campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64}
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS was
LEFT ANY JOIN (
    SELECT campaign_id, message_id, max(known) AS known, max(sent) AS sent_ms, minIf(delivered, delivered > 0) AS delivered_ms, max(mail_domain) AS domain
    FROM (
        SELECT campaign_id, message_id, NOT test AND tracking IN ('identified', 'pseudonymous') AS known, toInt64(toUnixTimestamp(sent_at)) * 1000 AS sent,
            toInt64(toUnixTimestamp(delivered_at)) * 1000 AS delivered, toString(domain) AS mail_domain
        FROM sends FINAL
        WHERE campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64}
        UNION ALL
        SELECT campaign_id, message_id, 0, if(kind = 'sent', toUnixTimestamp64Milli(occurred_at), 0), if(kind = 'delivered', toUnixTimestamp64Milli(occurred_at), 0), ''
        FROM deliveries FINAL
        WHERE kind IN ('sent', 'delivered') AND campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64}
    )
    GROUP BY campaign_id, message_id
) AS message USING (campaign_id, message_id)
ORDER BY was.campaign_id, was.message_id, was.occurred_ms, was.link_hash
