-- Apple Mail on an unknown network hides a person as its relay does: 01 is Apple Mail only, 02 was opened by a person too, 03 is of
-- unknown kind. 04 and 05 bounced: the relay's fetch shows that 04 arrived, the unplaced one of 05 does not.
INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (7, 'case', '2026-03-01 00:00:00', 'k');
INSERT INTO sends (campaign_id, message_id, recipient, state)
SELECT 7, toUUID(concat('00000000-0000-0000-0000-00000000000', toString(number))), 'r', number > 3 ? 'bounced' : 'registered' FROM numbers(1, 5);
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES
    (7, '00000000-0000-0000-0000-000000000001', '2026-03-01 10:00:00', 101, 'unknown', 'apple_mail_unplaced', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 10:00:00', 102, 'unknown', 'apple_mail_unplaced', 65534),
    (7, '00000000-0000-0000-0000-000000000002', '2026-03-01 11:00:00', 103, 'human_direct', 'browser', 65534),
    (7, '00000000-0000-0000-0000-000000000003', '2026-03-01 10:00:00', 104, 'unknown', 'no_rule', 65534),
    (7, '00000000-0000-0000-0000-000000000004', '2026-03-01 10:00:00', 105, 'machine_prefetch', 'apple_mpp_relay', 65534),
    (7, '00000000-0000-0000-0000-000000000005', '2026-03-01 10:00:00', 106, 'unknown', 'apple_mail_unplaced', 65534);
