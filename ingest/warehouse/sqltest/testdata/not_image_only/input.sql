-- Every event is not_image: kept, but the report is that of a campaign without opens.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'not_image', 'fetch_dest', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 102, 'not_image', 'fetch_dest', 65534);
