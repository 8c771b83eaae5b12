-- Judgement in both directions: event 101 was a person and is now a scanner, 102 the other way round, 103 was
-- not an image (not_image) and counts now, 104 no longer counts. A repeat of the first verdict comes last and changes nothing.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'c@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 11:00:00', 102, 'security_scanner', 'prefix', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 12:00:00', 103, 'not_image', 'fetch_dest', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 13:00:00', 104, 'proxy_human', 'gmail_proxy', 65534);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'security_scanner', 'early', 65537),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 11:00:00', 102, 'human_direct', 'browser', 65537),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 12:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65537),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 13:00:00', 104, 'not_image', 'fetch_dest', 65538);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 11:00:00', 102, 'security_scanner', 'prefix', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 12:00:00', 103, 'not_image', 'fetch_dest', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 13:00:00', 104, 'proxy_human', 'gmail_proxy', 65534);
