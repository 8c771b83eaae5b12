-- Message 09 is not registered in this campaign (08 is, but in another one): their opens are reported apart, and
-- change no other number.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (8, 'another', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'), (8, '00000000-0000-0000-0000-000000000008', 'b@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000008', '2026-02-01 10:00:00', 102, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000009', '2026-04-01 10:00:00', 103, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000009', '2026-04-01 11:00:00', 104, 'bot', 'bot', 65534),
    (7, '00000000-0000-0000-0000-000000000009', '2026-04-01 12:00:00', 105, 'not_image', 'fetch_dest', 65534);
