-- Three messages, one bounced, no opens: rates are 0, the interval is not empty.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'a@example.com', 'registered'),
    (7, '00000000-0000-0000-0000-000000000002', 'b@example.com', 'delivered'),
    (7, '00000000-0000-0000-0000-000000000003', 'c@example.com', 'bounced');
