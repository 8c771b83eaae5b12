-- Purpose: counts the stored data of a campaign.
-- Grain:   one row.
-- Units:   messages, opens and other events, each once.
-- Reads:   the tables below by the campaign's range of their keys, so only as the warehouse user.
SELECT
    (SELECT uniqExact(message_id) FROM sends WHERE campaign_id = {campaign_id:UInt64}) AS messages,
    (SELECT uniqExact(message_id, opened_at, event_id) FROM opens WHERE campaign_id = {campaign_id:UInt64}) AS opens,
    (SELECT uniqExact(stratum_id, opened_hour, event_id) FROM aggregate_opens WHERE campaign_id = {campaign_id:UInt64}) AS aggregate_opens,
    (SELECT uniqExact(message_id, kind, occurred_at, link_hash) FROM deliveries WHERE campaign_id = {campaign_id:UInt64}) AS deliveries
