-- One name was given to three ids in a race: the oldest shows, and of two of the same age the smaller id. The opens of the others
-- stay out. Campaign 9 was the oldest of its name until it got another one.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES
    (8, 'case', '2026-03-01 00:00:00.001', 'k'),
    (7, 'case', '2026-03-01 00:00:00', 'k'),
    (6, 'case', '2026-03-01 00:00:00.001', 'k'),
    (10, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO campaigns (campaign_id, name, created_at, id_key, updated_at) VALUES
    (9, 'renamed', '2026-01-01 00:00:00', 'k', '2026-03-02 00:00:00');
INSERT INTO campaigns (campaign_id, name, created_at, id_key, updated_at) VALUES
    (9, 'case', '2026-01-01 00:00:00', 'k', '2026-03-01 00:00:00');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES (6, '00000000-0000-0000-0000-000000000006', 'a@example.com', 'registered'), (7, '00000000-0000-0000-0000-000000000007', 'b@example.com', 'registered'), (8, '00000000-0000-0000-0000-000000000008', 'c@example.com', 'registered');
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (6, '00000000-0000-0000-0000-000000000006', '2026-03-01 10:00:00', 101, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000007', '2026-03-01 11:00:00', 102, 'proxy_human', 'gmail_proxy', 65534);
