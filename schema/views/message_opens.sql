-- Purpose: the facts of each message, from its registration, its opens and its deliveries. All reports are sums over it.
-- Grain:   one row per message that is registered, whether its registration is complete or not, or has a counted open or a delivery.
-- Units:   counts of events; times are UTC milliseconds. first_open and last_open mean nothing where timed is 0,
--          first_reliable_open and last_reliable_open where timed_reliable is 0; sent_at 1970-01-01 = not known.
-- Engine:  a plain view. UNION ALL and GROUP BY carry a filter on campaign_id into the keys of the tables; a JOIN
--          would leave that to the optimizer.
--
-- registered: its registration is complete, and it is no test. confirmed: a person did something with it that needs no image (C).
-- bounced: it bounced permanently, without evidence that it arrived nevertheless: no person opened it or did something with it, and
-- Apple's relay did not fetch it. Another machine's fetch is no evidence: a gateway may fetch and then refuse.
-- measured: registered, not bounced, and tracked individually; the base of every rate.
-- hidden: registered, and not tracked individually. Its remaining opens count nowhere: they arrived before its tracking mode was
-- lowered, and will be deleted.
-- class_opens counts the events of each class; reports that do not read it do not pay for it.
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
    timed UInt8 COMMENT '1 if an open has a possible time',
    timed_reliable UInt8 COMMENT '1 if an open by a person has a possible time',
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
    first_open DateTime64(3, 'UTC') COMMENT 'Time of its first open, UTC; nothing if timed is 0',
    last_open DateTime64(3, 'UTC') COMMENT 'Time of its last open, UTC; nothing if timed is 0',
    first_reliable_open DateTime64(3, 'UTC') COMMENT 'Time of its first open by a person, UTC; nothing if timed_reliable is 0',
    last_reliable_open DateTime64(3, 'UTC') COMMENT 'Time of its last open by a person, UTC; nothing if timed_reliable is 0',
    class_opens Tuple(UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) COMMENT 'Its opens by class, in the order of the Enum8 of opens.class'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    groupBitOr(facts.flags) AS all_flags,
    bitAnd(all_flags, 3) > 0 AND NOT bitTest(all_flags, 2) AS hidden,
    bitAnd(facts.flags, 96) = 96 AS is_timed_reliable
SELECT
    campaign_id,
    message_id,
    max(facts.recipient_key) AS recipient_key,
    bitTest(all_flags, 0) AS registered,
    bitTest(all_flags, 1) AS test,
    bitTest(all_flags, 3) AND NOT (reliable OR confirmed OR bitTest(all_flags, 7) AND NOT hidden) AS bounced,
    registered AND NOT bounced AND bitTest(all_flags, 2) AS measured,
    minIf(facts.sent_at, facts.sent_at > 0) AS sent_at,
    if(hidden, 0, countIf(bitTest(facts.flags, 4))) AS opens,
    bitTest(all_flags, 5) AND NOT hidden AS timed,
    countIf(is_timed_reliable) > 0 AND NOT hidden AS timed_reliable,
    bitTest(all_flags, 6) AND NOT hidden AS reliable,
    bitTest(all_flags, 8) AND NOT hidden AS masked,
    bitTest(all_flags, 9) AND NOT hidden AS unplaced,
    bitTest(all_flags, 10) AND NOT hidden AS unknown,
    if(hidden, 0, countIf(bitTest(facts.flags, 11))) AS recovered_opens,
    clicked OR replied OR bitTest(all_flags, 14) AS confirmed,
    bitTest(all_flags, 12) AS clicked,
    bitTest(all_flags, 13) AS replied,
    bitTest(all_flags, 15) AS complained,
    bitTest(all_flags, 16) AS unsubscribed,
    minIf(opened_at, bitTest(facts.flags, 5)) AS first_open,
    maxIf(opened_at, bitTest(facts.flags, 5)) AS last_open,
    minIf(opened_at, is_timed_reliable) AS first_reliable_open,
    maxIf(opened_at, is_timed_reliable) AS last_reliable_open,
    (if(hidden, 0, countIf(class = 0)), if(hidden, 0, countIf(class = 1)), if(hidden, 0, countIf(class = 2)), if(hidden, 0, countIf(class = 3)),
        if(hidden, 0, countIf(class = 4)), if(hidden, 0, countIf(class = 5)), if(hidden, 0, countIf(class = 6)), if(hidden, 0, countIf(class = 7)),
        if(hidden, 0, countIf(class = 8))) AS class_opens
FROM message_facts AS facts
GROUP BY campaign_id, message_id
