-- Purpose: copies waiting events into deliveries, once their message is registered.
-- Grain:   one row per event of resolvable_deliveries; a row that is there already is replaced by an equal one.
-- Units:   none.
-- Reads:   the table unresolved_deliveries and the view resolvable_deliveries, so only as the warehouse user.
INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, link_hash, received_at, class, reason, verdict_version, ruleset_version, user_agent, ip, network,
    as_number, country, url, bounce_type, automatic, source, extra)
SELECT registered.campaign_id, registered.registered_id, kind, occurred_at, link_hash, received_at, class, reason, verdict_version, ruleset_version, user_agent, ip, network,
    as_number, country, url, bounce_type, automatic, source, extra
FROM (SELECT * FROM unresolved_deliveries FINAL WHERE moved = 0) AS waiting
INNER JOIN (
    SELECT DISTINCT campaign_id, registered_id, message_id, campaign, recipient_key
    FROM resolvable_deliveries
) AS registered USING (message_id, campaign, recipient_key)
