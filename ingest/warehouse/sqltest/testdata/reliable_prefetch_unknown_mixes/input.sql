-- All mixes of reliable (R), Apple prefetch (P) and unknown (U): message NN is the bit set R=1, P=2, U=4.
-- R: 01 03 05 07. P without R: 02 06. U alone: 04. Message 00 has a bot only.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000000', 'r0@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000001', 'r1@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'r2@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'r3@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000004', 'r4@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000005', 'r5@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000006', 'r6@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000007', 'r7@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000000', '2026-03-01 10:00:00', 101, 'bot', 'bot', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 102, 'proxy_human', 'gmail_proxy', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 10:00:00', 104, 'proxy_human', 'gmail_proxy', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 10:00:00', 105, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000004', '2026-03-01 10:00:00', 106, 'unknown', 'no_rule', 65534),
    (7, '00000000-0000-0000-0000-000000000005', '2026-03-01 10:00:00', 107, 'proxy_human', 'gmail_proxy', 65534),
    (7, '00000000-0000-0000-0000-000000000005', '2026-03-01 10:00:00', 108, 'unknown', 'no_rule', 65534),
    (7, '00000000-0000-0000-0000-000000000006', '2026-03-01 10:00:00', 109, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000006', '2026-03-01 10:00:00', 110, 'unknown', 'no_rule', 65534),
    (7, '00000000-0000-0000-0000-000000000007', '2026-03-01 10:00:00', 111, 'proxy_human', 'gmail_proxy', 65534),
    (7, '00000000-0000-0000-0000-000000000007', '2026-03-01 10:00:00', 112, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000007', '2026-03-01 10:00:00', 113, 'unknown', 'no_rule', 65534),
    (7, '00000000-0000-0000-0000-000000000007', '2026-03-01 10:00:00', 114, 'human_direct', 'browser', 65534);
