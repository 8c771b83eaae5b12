-- Message NN has one open of the class with number NN, message 10 none. Not_image counts nowhere.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000000', 'r0@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000001', 'r1@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'r2@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'r3@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000004', 'r4@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000005', 'r5@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000006', 'r6@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000007', 'r7@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000008', 'r8@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000009', 'r9@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000010', 'r10@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000000', '2026-03-01 10:00:00', 100, 'unknown', 'unknown', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:01:00', 101, 'human_direct', 'human_direct', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:02:00', 102, 'proxy_human', 'proxy_human', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 10:03:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000004', '2026-03-01 10:04:00', 104, 'security_scanner', 'security_scanner', 65534),
    (7, '00000000-0000-0000-0000-000000000005', '2026-03-01 10:05:00', 105, 'bot', 'bot', 65534),
    (7, '00000000-0000-0000-0000-000000000006', '2026-03-01 10:06:00', 106, 'http_library', 'http_library', 65534),
    (7, '00000000-0000-0000-0000-000000000007', '2026-03-01 10:07:00', 107, 'link_preview', 'link_preview', 65534),
    (7, '00000000-0000-0000-0000-000000000008', '2026-03-01 10:08:00', 108, 'headless', 'headless', 65534),
    (7, '00000000-0000-0000-0000-000000000009', '2026-03-01 10:09:00', 109, 'not_image', 'not_image', 65534);
