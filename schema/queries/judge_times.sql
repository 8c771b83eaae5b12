-- Purpose: counts the opens of a campaign before their message was sent or delivered, to check whether those times are credible.
-- Grain:   one row: opens through proxies that fetch when a person looks, and other opens, with each time and before each.
-- Units:   opens; a slack is allowed, in milliseconds.
-- Reads:   the tables opens, sends and deliveries by their keys, so only as the warehouse user.
SELECT
    countIf(proxied AND sent_ms > 0) AS proxied_sent, countIf(proxied AND sent_ms > 0 AND opened_ms < sent_ms - {slack_ms:Int64}) AS proxied_before_sent,
    countIf(proxied AND delivered_ms > 0) AS proxied_delivered, countIf(proxied AND delivered_ms > 0 AND opened_ms < delivered_ms - {slack_ms:Int64}) AS proxied_before_delivered,
    countIf(NOT proxied AND sent_ms > 0) AS other_sent, countIf(NOT proxied AND sent_ms > 0 AND opened_ms < sent_ms - {slack_ms:Int64}) AS other_before_sent,
    countIf(NOT proxied AND delivered_ms > 0) AS other_delivered, countIf(NOT proxied AND delivered_ms > 0 AND opened_ms < delivered_ms - {slack_ms:Int64}) AS other_before_delivered
FROM (
    SELECT message_id, toUnixTimestamp64Milli(opened_at) AS opened_ms, class = 'proxy_human' AS proxied
    FROM opens
    WHERE campaign_id = {campaign_id:UInt64} AND class IN ('unknown', 'human_direct', 'proxy_human')
) AS was
ANY INNER JOIN (
    SELECT campaign_id, message_id, max(known) AS known, max(sent) AS sent_ms, minIf(delivered, delivered > 0) AS delivered_ms, max(mail_domain) AS domain
    FROM (
        SELECT campaign_id, message_id, NOT test AND tracking IN ('identified', 'pseudonymous') AS known, toInt64(toUnixTimestamp(sent_at)) * 1000 AS sent,
            toInt64(toUnixTimestamp(delivered_at)) * 1000 AS delivered, toString(domain) AS mail_domain
        FROM sends FINAL
        WHERE campaign_id = {campaign_id:UInt64}
        UNION ALL
        SELECT campaign_id, message_id, 0, if(kind = 'sent', toUnixTimestamp64Milli(occurred_at), 0), if(kind = 'delivered', toUnixTimestamp64Milli(occurred_at), 0), ''
        FROM deliveries FINAL
        WHERE kind IN ('sent', 'delivered') AND campaign_id = {campaign_id:UInt64}
    )
    GROUP BY campaign_id, message_id
) AS message USING message_id
