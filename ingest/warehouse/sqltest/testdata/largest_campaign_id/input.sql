-- An id with the highest bit set: no sign anywhere.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (18446744073709551615, 'case', '2026-03-01 00:00:00', 'k'), (9223372036854775808, 'another', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES (18446744073709551615, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'), (9223372036854775808, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (18446744073709551615, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 18446744073709551615, 'human_direct', 'browser', 65534),
    (9223372036854775808, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 9223372036854775808, 'bot', 'bot', 65534);
