-- Purpose: the facts of messages, row by row: their registration, their opens and their deliveries. The only place that defines each fact.
-- Grain:   one row per row of sends, counted row of opens, and row of deliveries; message_opens makes messages of them.
-- Units:   flags is a sum of powers of 2, listed below; times are UTC milliseconds, 1970-01-01 = not known.
-- Engine:  a plain view. UNION ALL carries a filter on campaign_id into the keys of the three tables. FINAL on each month alone is right, since the
--          time is part of the key. The facts are bits of one number, which is grouped twice as fast as a column for each.
--
-- Registrations, if they are complete:
-- bit  0      1  send         of no test. The condition is no filter, since a filter before FINAL would show the row that an unfinished registration has replaced
-- bit  1      2  test
-- bit  2      4  tracked      the message is tracked individually: identified or pseudonymous
-- Opens; those of class not_image are not counted:
-- bit  4     16  open         machines included
-- bit  5     32  timed        no contradiction between its time and its token or receipt (time_suspect)
-- bit  6     64  reliable     by a person (R)
-- bit  7    128  relay        a fetch by Apple Mail Privacy Protection; the class alone also holds Gmail's prefetch
-- bit  8    256  masked       that, or by Apple Mail without a known relay (P)
-- bit  9    512  unplaced     by Apple Mail on an unknown network
-- bit 10   1024  unknown      another unknown (U)
-- bit 11   2048  recovered    its token was found in a URL that was altered on its way
-- Deliveries:
-- bit  3      8  bounce       permanent; a registration may say so, too
-- bit 12   4096  click        by a person: by its class, or from a source that does not name the client; a sweep has a scanner's class
-- bit 13   8192  reply        by a person
-- bit 14  16384  conversion
-- bit 15  32768  complaint
-- bit 16  65536  unsubscribe
CREATE OR REPLACE VIEW message_facts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    recipient_key UInt128 COMMENT 'Keyed hash of the recipient, from its registration; 0 in other rows',
    flags UInt32 COMMENT 'What the row says of the message, as bits: 1 send, 2 test, 4 tracked, 8 bounce, 16 open, 32 timed, 64 reliable, 128 relay, 256 masked, 512 unplaced, 1024 unknown, 2048 recovered, 4096 click, 8192 reply, 16384 conversion, 32768 complaint, 65536 unsubscribe',
    sent_at DateTime64(3, 'UTC') COMMENT 'Time of sending, UTC; 1970-01-01 if the row does not say',
    opened_at DateTime64(3, 'UTC') COMMENT 'Time of the open, UTC',
    class Int8 COMMENT 'Class of the open, a number of the Enum8 of opens.class; -1 in other rows'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, recipient_key,
    1 * (is_complete AND NOT test) + 2 * (is_complete AND test) + 4 * (tracking IN ('identified', 'pseudonymous')) + 8 * (state = 'bounced') AS flags,
    toDateTime64(sends.sent_at, 3, 'UTC') AS sent_at, toDateTime64(0, 3, 'UTC') AS opened_at, toInt8(-1) AS class
FROM (
    SELECT campaign_id, message_id, recipient_key, tracking, test, state, sent_at,
        registration = 0 OR registration IN (SELECT registration_id FROM registrations FINAL WHERE state = 'complete') AS is_complete
    FROM sends FINAL
) AS sends
UNION ALL
SELECT campaign_id, message_id, toUInt128(0),
    16 + 32 * (time_suspect = 'none') + 64 * (class IN ('human_direct', 'proxy_human'))
        + 128 * (class = 'machine_prefetch' AND startsWith(reason, 'apple_mpp') AS relay) + 256 * (relay OR reason = 'apple_mail_unplaced')
        + 512 * (reason = 'apple_mail_unplaced') + 1024 * (class = 'unknown' AND reason != 'apple_mail_unplaced') + 2048 * (path != ''),
    toDateTime64(0, 3, 'UTC'), judged_opens.opened_at, toInt8(class)
FROM judged_opens
WHERE class != 'not_image'
UNION ALL
SELECT campaign_id, message_id, toUInt128(0),
    8 * (kind = 'bounced' AND bounce_type != 'transient')
        + 4096 * (kind = 'clicked' AND (class IN ('human_direct', 'proxy_human') OR class = 'unknown' AND user_agent = '' AND ip = toIPv6('::')))
        + 8192 * (kind = 'replied' AND NOT automatic) + 16384 * (kind = 'converted') + 32768 * (kind = 'complained') + 65536 * (kind = 'unsubscribed'),
    if(kind = 'sent', occurred_at, toDateTime64(0, 3, 'UTC')), toDateTime64(0, 3, 'UTC'), toInt8(-1)
FROM judged_deliveries
SETTINGS do_not_merge_across_partitions_select_final = 1
