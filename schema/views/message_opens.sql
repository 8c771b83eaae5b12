-- Purpose: what is known about each message, from its registration and from its opens. All reports are sums over it.
-- Grain:   one row per message that is registered, whether its registration is complete or not, or has a counted open.
-- Units:   counts of events; first_open and last_open are UTC milliseconds and mean nothing where timed_opens = 0.
-- Engine:  a plain view. UNION ALL and GROUP BY carry a filter on campaign_id into the keys of both tables; a JOIN
--          would leave that to the optimizer. FINAL on each month alone is right, since opened_at is part of the key.
--
-- Events of class not_image are not counted. reliable: a person opened (R in the report's definitions). mpp: Apple Mail
-- Privacy Protection fetched it (P; the class alone also holds Gmail's prefetch). unknown: U.
-- registered: its registration is complete, and it is no test. The condition is a column and no filter, since a filter
-- before FINAL would show the row that an unfinished registration has replaced. A time that contradicts the event's token or
-- receipt (time_suspect) is neither the first nor the last.
-- class_opens counts the events of each class, in the order of the Enum8; reports that do not read it do not pay for it.
CREATE OR REPLACE VIEW message_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    registered UInt8 COMMENT '1 if its registration is complete and it is no test',
    test UInt8 COMMENT '1 if it is a test',
    bounced UInt8 COMMENT '1 if it is known to have bounced',
    opens UInt64 COMMENT 'Its opens, machines included',
    timed_opens UInt64 COMMENT 'Those whose time is possible',
    reliable UInt8 COMMENT '1 if a person opened it',
    mpp UInt8 COMMENT '1 if Apple Mail Privacy Protection fetched it',
    unknown UInt8 COMMENT '1 if it has an open of unknown kind',
    first_open DateTime64(3, 'UTC') COMMENT 'Time of its first open, UTC; nothing if timed_opens is 0',
    last_open DateTime64(3, 'UTC') COMMENT 'Time of its last open, UTC; nothing if timed_opens is 0',
    class_opens Array(UInt64) COMMENT 'Its opens by class, in the order of the Enum8 of opens.class'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id,
    message_id,
    max(is_send) AS registered,
    max(is_test) AS test,
    max(is_bounce) AS bounced,
    countIf(is_open) AS opens,
    countIf(is_timed) AS timed_opens,
    max(is_reliable) AS reliable,
    max(is_mpp) AS mpp,
    max(is_unknown) AS unknown,
    minIf(opened_at, is_timed) AS first_open,
    maxIf(opened_at, is_timed) AS last_open,
    [countIf(class = 0), countIf(class = 1), countIf(class = 2), countIf(class = 3), countIf(class = 4),
     countIf(class = 5), countIf(class = 6), countIf(class = 7), countIf(class = 8)] AS class_opens
FROM (
    SELECT campaign_id, message_id,
        registration = 0 OR registration IN (SELECT registration_id FROM registrations FINAL WHERE state = 'complete') AS is_complete,
        is_complete AND NOT test AS is_send, is_complete AND test AS is_test, state = 'bounced' AS is_bounce,
        0 AS is_open, 0 AS is_timed, 0 AS is_reliable, 0 AS is_mpp, 0 AS is_unknown,
        toDateTime64(0, 3, 'UTC') AS opened_at, toInt8(-1) AS class
    FROM sends FINAL
    UNION ALL
    SELECT campaign_id, message_id, 0, 0, 0, 0, 1, time_suspect = 'none',
        class IN ('human_direct', 'proxy_human'), class = 'machine_prefetch' AND startsWith(reason, 'apple_mpp'),
        class = 'unknown', opened_at, toInt8(class)
    FROM opens FINAL
    WHERE class != 'not_image'
)
GROUP BY campaign_id, message_id
SETTINGS do_not_merge_across_partitions_select_final = 1
