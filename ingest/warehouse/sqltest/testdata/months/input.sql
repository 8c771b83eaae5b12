-- One message, opened in the last millisecond of a month and the first of the next, and again a year later: one unique open.
-- The repeats of both lie in other parts of the same partitions.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000003', 'c@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-02-28 23:59:59.999', 101, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 00:00:00.000', 101, 'proxy_human', 'gmail_proxy', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2027-03-01 00:00:00.000', 102, 'human_direct', 'browser', 65534);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-02-28 23:59:59.999', 101, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 00:00:00.000', 101, 'proxy_human', 'gmail_proxy', 65534),
    (7, '00000000-0000-0000-0000-000000000001', '2027-03-01 00:00:00.000', 102, 'human_direct', 'browser', 65534);
