-- Gmail's prefetch has the class of Apple's, but is no evidence of Apple's: message 01 is in unique_opens only. A reason that
-- begins apple_mpp under another class does not count as masked either (message 02).
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'c@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'machine_prefetch', 'gmail_prefetch', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 102, 'security_scanner', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 10:00:00', 103, 'machine_prefetch', 'apple_mpp_prefetch', 65534);
