-- Purpose: how many rows judge_facts, judge_opens and judge_clicks have at least, so that an answer that was cut off is noticed.
-- Grain:   one row.
-- Units:   combinations of facts, events, clicks.
-- Reads:   the tables opens and deliveries by their keys, so only as the warehouse user.
SELECT
    (SELECT uniqExact(cityHash64(method, user_agent, referer_host, network, as_number, proxy_type, proxy_description, header_bits, header_facts, protocol, ja4,
        bot_detection, client, client_vendor, os, device)) FROM opens WHERE campaign_id BETWEEN {from:UInt64} AND {until:UInt64}) AS facts,
    (SELECT uniqExact(message_id, opened_at, event_id, campaign_id) FROM opens WHERE campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64}) AS opens,
    (SELECT uniqExact(message_id, occurred_at, link_hash, campaign_id) FROM deliveries WHERE kind = 'clicked' AND campaign_id BETWEEN {from:UInt64} AND {until:UInt64} AND cityHash64(message_id) % {parts:UInt64} = {part:UInt64}) AS clicks
