-- Purpose: the distinct facts of the opens of campaigns, so that each combination is judged once.
-- Grain:   one row per combination of facts and of names of the program; facts is its hash.
-- Units:   agent is the hash of the user agent.
-- Reads:   the table opens by its key, so only as the warehouse user.
SELECT cityHash64(method, user_agent, referer_host, network, as_number, proxy_type, proxy_description, header_bits, header_facts, protocol, ja4,
        bot_detection, client, client_vendor, os, device) AS facts,
    any(method), any(user_agent), any(referer_host), any(network), any(as_number), any(proxy_type), any(proxy_description), any(header_bits),
    any(header_facts), any(protocol), any(ja4), any(bot_detection), any(client), any(client_vendor), any(os), any(device), cityHash64(any(user_agent)) AS agent
FROM opens
WHERE campaign_id BETWEEN {from:UInt64} AND {until:UInt64}
GROUP BY facts
