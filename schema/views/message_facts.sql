-- Purpose: the facts of messages, row by row: their registration, their opens and their deliveries. The only place that defines each fact.
-- Grain:   one row per row of sends, counted row of opens, and row of deliveries; message_opens makes messages of them.
-- Units:   flags are 0 or 1; times are UTC milliseconds, 1970-01-01 = not known.
-- Engine:  a plain view. UNION ALL carries a filter on campaign_id into the keys of the three tables. FINAL on each month alone is right, since the time is part of the key.
--
-- Events of class not_image are not counted. is_reliable: a person opened (R). is_relay: Apple Mail Privacy Protection fetched it
-- (the class alone also holds Gmail's prefetch). is_masked: that, or Apple Mail without a known relay (P). is_unknown: another
-- unknown (U). A click is a person's if its class is, or if its source does not name the client; a sweep has a scanner's class.
-- is_send: the registration is complete, and it is no test. The condition is a column, not a filter, since a filter before FINAL
-- would show the row that an unfinished registration has replaced. A time that contradicts the event's token or receipt
-- (time_suspect) is not is_timed.
CREATE OR REPLACE VIEW message_facts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    recipient_key UInt128 COMMENT 'Keyed hash of the recipient, from its registration; 0 in other rows',
    is_send UInt8 COMMENT '1 for a registration that is complete, of no test',
    is_test UInt8 COMMENT '1 for a registration that is complete, of a test',
    is_tracked UInt8 COMMENT '1 for a registration of a message that is tracked individually: identified or pseudonymous',
    is_bounce UInt8 COMMENT '1 if the row says that the message bounced permanently',
    sent_at DateTime64(3, 'UTC') COMMENT 'Time of sending, UTC; 1970-01-01 if the row does not say',
    is_open UInt8 COMMENT '1 for an open, machines included',
    is_timed UInt8 COMMENT '1 for an open whose time is possible',
    is_reliable UInt8 COMMENT '1 for an open by a person',
    is_relay UInt8 COMMENT '1 for a fetch by Apple Mail Privacy Protection',
    is_masked UInt8 COMMENT '1 for a fetch by Apple Mail that may hide a person: by its relay, or of Apple Mail on an unknown network',
    is_unplaced UInt8 COMMENT '1 for a fetch by Apple Mail on an unknown network',
    is_unknown UInt8 COMMENT '1 for another open of unknown kind',
    is_recovered UInt8 COMMENT '1 for an open whose token was found in a URL that was altered on its way',
    is_click UInt8 COMMENT '1 for a click by a person',
    is_reply UInt8 COMMENT '1 for a reply by a person',
    is_conversion UInt8 COMMENT '1 for a conversion',
    is_complaint UInt8 COMMENT '1 for a complaint',
    is_unsubscribe UInt8 COMMENT '1 for an unsubscription',
    opened_at DateTime64(3, 'UTC') COMMENT 'Time of the open, UTC',
    class Int8 COMMENT 'Class of the open, a number of the Enum8 of opens.class; -1 in other rows'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, recipient_key,
    is_complete AND NOT test AS is_send, is_complete AND test AS is_test, tracking IN ('identified', 'pseudonymous') AS is_tracked,
    state = 'bounced' AS is_bounce, toDateTime64(sends.sent_at, 3, 'UTC') AS sent_at,
    0 AS is_open, 0 AS is_timed, 0 AS is_reliable, 0 AS is_relay, 0 AS is_masked, 0 AS is_unplaced, 0 AS is_unknown, 0 AS is_recovered,
    0 AS is_click, 0 AS is_reply, 0 AS is_conversion, 0 AS is_complaint, 0 AS is_unsubscribe,
    toDateTime64(0, 3, 'UTC') AS opened_at, toInt8(-1) AS class
FROM (
    SELECT campaign_id, message_id, recipient_key, tracking, test, state, sent_at,
        registration = 0 OR registration IN (SELECT registration_id FROM registrations FINAL WHERE state = 'complete') AS is_complete
    FROM sends FINAL
) AS sends
UNION ALL
SELECT campaign_id, message_id, toUInt128(0), 0, 0, 0, 0, toDateTime64(0, 3, 'UTC'),
    1, time_suspect = 'none', class IN ('human_direct', 'proxy_human'),
    class = 'machine_prefetch' AND startsWith(reason, 'apple_mpp') AS relay, relay OR reason = 'apple_mail_unplaced',
    reason = 'apple_mail_unplaced', class = 'unknown' AND reason != 'apple_mail_unplaced', path != '',
    0, 0, 0, 0, 0, judged_opens.opened_at, toInt8(class)
FROM judged_opens
WHERE class != 'not_image'
UNION ALL
SELECT campaign_id, message_id, toUInt128(0), 0, 0, 0, kind = 'bounced' AND bounce_type != 'transient',
    if(kind = 'sent', occurred_at, toDateTime64(0, 3, 'UTC')),
    0, 0, 0, 0, 0, 0, 0, 0,
    kind = 'clicked' AND (class IN ('human_direct', 'proxy_human') OR class = 'unknown' AND user_agent = '' AND ip = toIPv6('::')),
    kind = 'replied' AND NOT automatic, kind = 'converted', kind = 'complained', kind = 'unsubscribed',
    toDateTime64(0, 3, 'UTC'), toInt8(-1)
FROM judged_deliveries
SETTINGS do_not_merge_across_partitions_select_final = 1
