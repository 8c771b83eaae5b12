-- Twelve messages, one of them a test. 01 and 02 bounced permanently: 01 was clicked by a person and so arrived, 02 was fetched by a scanner
-- only. 03 bounced for a time only. 04 was clicked by a scanner, 05 by a client of which nothing is known, 06 by an unknown client with
-- a user agent: only 05 is a person. 07 was answered by a person, 08 by a machine. 09 converted, 10 complained and unsubscribed. 11 was
-- opened by a person and is tracked for its last open only. 12 is a test with a click.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, tracking, test, sent_at)
SELECT 7, toUUID(concat('00000000-0000-0000-0000-0000000000', leftPad(toString(number), 2, '0'))), 'r', number = 11 ? 'last_open' : 'identified',
    number = 12, number < 7 ? '2026-03-01 09:00:00' : toDateTime(0, 'UTC') FROM numbers(1, 12);
INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, link_hash, class, user_agent, bounce_type, automatic, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', 'bounced', '2026-03-01 10:00:00', 0, 'unknown', '', 'permanent', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000001', 'clicked', '2026-03-01 10:00:00', 1, 'human_direct', 'Mozilla/5.0', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000002', 'bounced', '2026-03-01 10:00:00', 0, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000003', 'bounced', '2026-03-01 10:00:00', 0, 'unknown', '', 'transient', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000004', 'clicked', '2026-03-01 10:00:00', 1, 'security_scanner', 'Mozilla/5.0', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000005', 'clicked', '2026-03-01 10:00:00', 1, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000006', 'clicked', '2026-03-01 10:00:00', 1, 'unknown', 'curious', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000007', 'replied', '2026-03-01 10:00:00', 0, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000008', 'replied', '2026-03-01 10:00:00', 0, 'unknown', '', '', 1, 65534),
    (7, '00000000-0000-0000-0000-000000000009', 'converted', '2026-03-01 10:00:00', 0, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000009', 'sent', '2026-03-01 08:00:00', 0, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000010', 'complained', '2026-03-01 10:00:00', 0, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000010', 'unsubscribed', '2026-03-01 10:00:00', 0, 'unknown', '', '', 0, 65534),
    (7, '00000000-0000-0000-0000-000000000012', 'clicked', '2026-03-01 10:00:00', 1, 'human_direct', '', '', 0, 65534);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 102, 'security_scanner', 'prefix', 65534),
    (7, '00000000-0000-0000-0000-000000000011', '2026-03-01 10:00:00', 111, 'human_direct', 'browser', 65534);
