-- Four bounced messages: 01 was opened by a person and 02 by a machine, so both were delivered; 03 was only fetched as
-- something else than an image, 04 not at all. Message 05 bounced first and was registered as delivered later.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'r1@example.com', 'bounced'),
    (7, '00000000-0000-0000-0000-000000000002', 'r2@example.com', 'bounced'),
    (7, '00000000-0000-0000-0000-000000000003', 'r3@example.com', 'bounced'),
    (7, '00000000-0000-0000-0000-000000000004', 'r4@example.com', 'bounced');
INSERT INTO sends (campaign_id, message_id, recipient, state, registered_at) VALUES
    (7, '00000000-0000-0000-0000-000000000005', 'r5@example.com', 'delivered', '2026-03-02 00:00:00');
INSERT INTO sends (campaign_id, message_id, recipient, state, registered_at) VALUES
    (7, '00000000-0000-0000-0000-000000000005', 'r5@example.com', 'bounced', '2026-03-01 00:00:00');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 102, 'security_scanner', 'prefix', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 10:00:00', 103, 'not_image', 'fetch_dest', 65534);
