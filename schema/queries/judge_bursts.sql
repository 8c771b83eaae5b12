-- Purpose: the opens of one campaign by one network and user agent over many messages of one recipient domain.
-- Grain:   one row: the number of groups, and lists with an element for each: the common facts of its opens, and lists of its opens by time.
-- Units:   times are Unix milliseconds, messages and agents are hashes.
-- Reads:   the tables opens and sends by their keys, so only as the warehouse user.
--
-- The external table burst_facts (facts UInt64) names the facts that may be part of a burst.
SELECT count() AS bursts, groupArray(toString(ip)) AS ips, groupArray(agent) AS agents, groupArray(domain) AS domains, groupArray(arrayMap(x -> x.1, opens)) AS times,
    groupArray(arrayMap(x -> x.2, opens)) AS messages
FROM (
    SELECT ip, cityHash64(user_agent) AS agent, toString(message.domain) AS domain, arraySort(groupArray((toUnixTimestamp64Milli(opened_at), cityHash64(message_id)))) AS opens
    FROM opens
    ANY INNER JOIN (SELECT message_id, domain FROM sends WHERE campaign_id = {campaign_id:UInt64} AND domain != '') AS message USING message_id
    WHERE campaign_id = {campaign_id:UInt64} AND ip != toIPv6('::')
      AND cityHash64(method, user_agent, referer_host, network, as_number, proxy_type, proxy_description, header_bits, header_facts, protocol, ja4,
        bot_detection, client, client_vendor, os, device) IN (SELECT facts FROM burst_facts)
    GROUP BY ip, agent, domain
    HAVING uniqExact(message_id) >= {recipients:UInt64}
)
