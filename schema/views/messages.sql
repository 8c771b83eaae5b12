-- Purpose: the messages, each with its state, without its recipient.
-- Grain:   one row per message that is registered, or of which an event is known.
-- Units:   flags are 0 or 1; times are UTC milliseconds, NULL = not known.
-- Engine:  a plain view over message_opens; a filter on campaign_id reaches the keys.
CREATE OR REPLACE VIEW messages
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message; it does not identify the recipient',
    registered UInt8 COMMENT '1 if its registration is complete and it is no test: only such a message counts',
    test UInt8 COMMENT '1 if it is a test',
    bounced UInt8 COMMENT '1 if it is known to have bounced permanently, without evidence that it arrived nevertheless',
    measured UInt8 COMMENT '1 if it is registered, not bounced, and tracked individually: the base of every rate',
    sent_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of sending, UTC; NULL if it is not known',
    opens Int64 COMMENT 'Its opens, machines included',
    reliable UInt8 COMMENT '1 if a person opened it, directly or through a proxy that fetches when a person looks',
    masked UInt8 COMMENT '1 if Apple Mail fetched it in a way that may hide a person',
    unknown UInt8 COMMENT '1 if it has another open of unknown kind',
    confirmed UInt8 COMMENT '1 if a person clicked, replied or converted',
    clicked UInt8 COMMENT '1 if a person clicked one of its links',
    replied UInt8 COMMENT '1 if a person replied to it',
    complained UInt8 COMMENT '1 if its recipient complained about it',
    unsubscribed UInt8 COMMENT '1 if its recipient unsubscribed',
    first_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of its first open, machines included, UTC; NULL without one with a possible time',
    last_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of its last open, machines included, UTC; NULL without one with a possible time',
    first_reliable_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of its first open by a person, UTC; NULL without one with a possible time',
    last_reliable_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of its last open by a person, UTC; NULL without one with a possible time'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id, message_id, registered, test, bounced, measured,
    nullIf(sent_at, toDateTime64(0, 3, 'UTC')) AS sent_at,
    toInt64(opens) AS opens,
    reliable, masked, unknown, confirmed, clicked, replied, complained, unsubscribed,
    if(timed, first_open, NULL) AS first_open_at,
    if(timed, last_open, NULL) AS last_open_at,
    if(timed_reliable, first_reliable_open, NULL) AS first_reliable_open_at,
    if(timed_reliable, last_reliable_open, NULL) AS last_reliable_open_at
FROM message_opens AS states
