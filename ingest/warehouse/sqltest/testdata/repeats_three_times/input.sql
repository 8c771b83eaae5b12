-- The same as repeats_once, but every event three times in other batches and another order, received again by a newer
-- rule set with another opinion (a lower verdict_version), and every message and the campaign registered twice.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'c@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 11:00:00', 102, 'bot', 'bot', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-02 10:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-31 23:59:59.999', 104, 'unknown', 'no_rule', 65534);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-31 23:59:59.999', 104, 'unknown', 'no_rule', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-02 10:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 11:00:00', 102, 'bot', 'bot', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534);
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'c@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 11:00:00', 102, 'bot', 'bot', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-31 23:59:59.999', 104, 'unknown', 'no_rule', 65534);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-02 10:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'security_scanner', 'prefix', 65533),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 11:00:00', 102, 'proxy_human', 'gmail_proxy', 65533),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-02 10:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-31 23:59:59.999', 104, 'not_image', 'fetch_dest', 65533);
