-- Purpose: what is known about each message, from its registration and from its opens. All reports are sums over it.
-- Grain:   one row per message that is registered, or has a counted open, or both.
-- Units:   counts of events; first_open and last_open are UTC milliseconds and mean nothing where opens = 0.
-- Engine:  a plain view. UNION ALL and GROUP BY carry a filter on campaign_id into the keys of both tables; a JOIN
--          would leave that to the optimizer. FINAL on each month alone is right, since opened_at is part of the key.
--
-- Events of class not_image are not counted. reliable: a person opened (R in the report's definitions). mpp: Apple Mail
-- Privacy Protection fetched it (P; the class alone also holds Gmail's prefetch). unknown: U.
-- class_opens counts the events of each class, in the order of the Enum8; reports that do not read it do not pay for it.
CREATE OR REPLACE VIEW message_opens
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id,
    message_id,
    max(is_send) AS registered,
    max(is_bounce) AS bounced,
    countIf(is_open) AS opens,
    max(is_reliable) AS reliable,
    max(is_mpp) AS mpp,
    max(is_unknown) AS unknown,
    minIf(opened_at, is_open) AS first_open,
    maxIf(opened_at, is_open) AS last_open,
    [countIf(class = 0), countIf(class = 1), countIf(class = 2), countIf(class = 3), countIf(class = 4),
     countIf(class = 5), countIf(class = 6), countIf(class = 7), countIf(class = 8)] AS class_opens
FROM (
    SELECT campaign_id, message_id, 1 AS is_send, state = 'bounced' AS is_bounce, 0 AS is_open,
        0 AS is_reliable, 0 AS is_mpp, 0 AS is_unknown, toDateTime64(0, 3, 'UTC') AS opened_at, toInt8(-1) AS class
    FROM sends FINAL
    UNION ALL
    SELECT campaign_id, message_id, 0, 0, 1,
        class IN ('human_direct', 'proxy_human'), class = 'machine_prefetch' AND startsWith(reason, 'apple_mpp'),
        class = 'unknown', opened_at, toInt8(class)
    FROM opens FINAL
    WHERE class != 'not_image'
)
GROUP BY campaign_id, message_id
SETTINGS do_not_merge_across_partitions_select_final = 1
