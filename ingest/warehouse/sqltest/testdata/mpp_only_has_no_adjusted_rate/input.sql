-- Every delivered message was fetched by Apple's prefetch only: the adjusted rate and its interval have no denominator.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'), (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'bounced');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'machine_prefetch', 'apple_mpp_relay', 65534);
