-- Purpose: marks waiting events as moved, after move_deliveries has copied them.
-- Grain:   one row per event that is in deliveries: a copy that was acknowledged and never made moves nothing.
-- Units:   none.
-- Reads:   the tables unresolved_deliveries and deliveries by their keys, so only as the warehouse user.
INSERT INTO unresolved_deliveries (message_id, campaign, recipient_key, kind, occurred_at, link_hash, received_at, class, reason, verdict_version, ruleset_version, user_agent, ip, network,
    as_number, country, url, bounce_type, automatic, source, extra, moved)
SELECT message_id, campaign, recipient_key, kind, occurred_at, link_hash, received_at, class, reason, verdict_version, ruleset_version, user_agent, ip, network,
    as_number, country, url, bounce_type, automatic, source, extra, 1
FROM unresolved_deliveries FINAL
WHERE moved = 0 AND (message_id, toString(campaign), recipient_key, toInt8(kind), occurred_at, link_hash) IN (
    SELECT message_id, campaign, recipient_key, kind, occurred_at, link_hash
    FROM resolvable_deliveries
    WHERE (campaign_id, registered_id, kind, occurred_at, link_hash) IN (
        SELECT campaign_id, message_id, toInt8(kind), occurred_at, link_hash
        FROM deliveries
        WHERE (campaign_id, message_id) IN (SELECT campaign_id, registered_id FROM resolvable_deliveries)
    )
)
