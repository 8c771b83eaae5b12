-- A real account (community.brevo.com/t/trackable-open-rates-wrong/2386): 1,503 delivered, 488 reliable opens, adjusted rate
-- 54.7 %. Then 611 messages were fetched by Apple only, and the bounds are 32.5 % and 73.1 %.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state)
SELECT 7, reinterpretAsUUID(toUInt128(number)), 'r' || toString(number) || '@example.com', number < 1503 ? 'registered' : 'bounced'
FROM numbers(1600);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version)
SELECT 7, reinterpretAsUUID(toUInt128(number)), toDateTime64('2026-03-01 10:00:00', 3, 'UTC') + number, number,
    number < 488 ? 'proxy_human' : 'machine_prefetch', number < 488 ? 'gmail_proxy' : 'apple_mpp_relay', 65534
FROM numbers(1099);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version)
SELECT 7, reinterpretAsUUID(toUInt128(number)), toDateTime64('2026-03-01 09:00:00', 3, 'UTC') + number, 5000 + number,
    'machine_prefetch', 'apple_mpp_relay', 65534
FROM numbers(0, 200);
