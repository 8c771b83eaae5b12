-- Purpose: the facts of each message, from its registration, its opens and its deliveries. All reports are sums over it.
-- Grain:   one row per message that is registered, whether its registration is complete or not, or has a counted open or a delivery.
-- Units:   counts of events; times are UTC milliseconds. first_open and last_open mean nothing where timed_opens = 0,
--          first_reliable_open and last_reliable_open where timed_reliable_opens = 0; sent_at 1970-01-01 = not known.
-- Engine:  a plain view. UNION ALL and GROUP BY carry a filter on campaign_id into the keys of the tables; a JOIN
--          would leave that to the optimizer.
--
-- registered: its registration is complete, and it is no test. confirmed: a person did something with it that needs no image (C).
-- bounced: it bounced permanently, without evidence that it arrived nevertheless: no person opened it or did something with it, and
-- Apple's relay did not fetch it. Another machine's fetch is no evidence: a gateway may fetch and then refuse.
-- measured: registered, not bounced, and tracked individually; the base of every rate.
-- hidden: registered, and not tracked individually. Its remaining opens count nowhere: they arrived before its tracking mode was
-- lowered, and will be deleted.
-- class_opens counts the events of each class, in the order of the Enum8; reports that do not read it do not pay for it.
CREATE OR REPLACE VIEW message_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    recipient_key UInt128 COMMENT 'Keyed hash of its recipient; 0 if not known',
    registered UInt8 COMMENT '1 if its registration is complete and it is no test',
    test UInt8 COMMENT '1 if it is a test',
    bounced UInt8 COMMENT '1 if it is known to have bounced permanently, without evidence that it arrived nevertheless',
    measured UInt8 COMMENT '1 if it is registered, not bounced, and tracked individually',
    sent_at DateTime64(3, 'UTC') COMMENT 'Time of sending, UTC; 1970-01-01 if it is not known',
    opens UInt64 COMMENT 'Its opens, machines included',
    timed_opens UInt64 COMMENT 'Opens whose time is possible',
    timed_reliable_opens UInt64 COMMENT 'Opens by a person whose time is possible',
    reliable UInt8 COMMENT '1 if a person opened it',
    masked UInt8 COMMENT '1 if Apple Mail fetched it in a way that may hide a person',
    unplaced UInt8 COMMENT '1 if Apple Mail fetched it on an unknown network',
    unknown UInt8 COMMENT '1 if it has another open of unknown kind',
    recovered_opens UInt64 COMMENT 'Opens whose token was found in a URL that was altered on its way',
    confirmed UInt8 COMMENT '1 if a person clicked, replied or converted',
    clicked UInt8 COMMENT '1 if a person clicked one of its links',
    replied UInt8 COMMENT '1 if a person replied to it',
    complained UInt8 COMMENT '1 if its recipient complained about it',
    unsubscribed UInt8 COMMENT '1 if its recipient unsubscribed',
    first_open DateTime64(3, 'UTC') COMMENT 'Time of its first open, UTC; nothing if timed_opens is 0',
    last_open DateTime64(3, 'UTC') COMMENT 'Time of its last open, UTC; nothing if timed_opens is 0',
    first_reliable_open DateTime64(3, 'UTC') COMMENT 'Time of its first open by a person, UTC; nothing if timed_reliable_opens is 0',
    last_reliable_open DateTime64(3, 'UTC') COMMENT 'Time of its last open by a person, UTC; nothing if timed_reliable_opens is 0',
    class_opens Array(UInt64) COMMENT 'Its opens by class, in the order of the Enum8 of opens.class'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH max(is_send OR is_test) AND NOT max(is_tracked) AS hidden
SELECT
    campaign_id,
    message_id,
    max(facts.recipient_key) AS recipient_key,
    max(is_send) AS registered,
    max(is_test) AS test,
    max(is_bounce) AND NOT (reliable OR confirmed OR max(is_relay) AND NOT hidden) AS bounced,
    registered AND NOT bounced AND max(is_tracked) AS measured,
    if(countIf(facts.sent_at > 0) > 0, minIf(facts.sent_at, facts.sent_at > 0), toDateTime64(0, 3, 'UTC')) AS sent_at,
    if(hidden, 0, countIf(is_open)) AS opens,
    if(hidden, 0, countIf(is_timed)) AS timed_opens,
    if(hidden, 0, countIf(is_timed AND is_reliable)) AS timed_reliable_opens,
    max(is_reliable) AND NOT hidden AS reliable,
    max(is_masked) AND NOT hidden AS masked,
    max(is_unplaced) AND NOT hidden AS unplaced,
    max(is_unknown) AND NOT hidden AS unknown,
    if(hidden, 0, countIf(is_recovered)) AS recovered_opens,
    clicked OR replied OR max(is_conversion) AS confirmed,
    max(is_click) AS clicked,
    max(is_reply) AS replied,
    max(is_complaint) AS complained,
    max(is_unsubscribe) AS unsubscribed,
    minIf(opened_at, is_timed) AS first_open,
    maxIf(opened_at, is_timed) AS last_open,
    minIf(opened_at, is_timed AND is_reliable) AS first_reliable_open,
    maxIf(opened_at, is_timed AND is_reliable) AS last_reliable_open,
    if(hidden, arrayResize(CAST([], 'Array(UInt64)'), 9),
        [countIf(class = 0), countIf(class = 1), countIf(class = 2), countIf(class = 3), countIf(class = 4),
         countIf(class = 5), countIf(class = 6), countIf(class = 7), countIf(class = 8)]) AS class_opens
FROM message_facts AS facts
GROUP BY campaign_id, message_id
