-- Purpose: the recipients of identified messages. For owners only.
-- Grain:   one row per identified message whose registration is complete, tests included.
-- Units:   sent_at is UTC, NULL = not known.
-- Engine:  a plain view over sends; a filter on campaign_id reaches the key.
--
-- A pseudonymous message is not in it, since its opens belong to no recipient; messages that are not tracked individually have no events.
CREATE OR REPLACE VIEW message_recipients
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    recipient String COMMENT 'Normalised address of the recipient',
    domain LowCardinality(String) COMMENT 'Domain of the address',
    sequence UInt32 COMMENT 'Counts messages of the campaign to the recipient, from 0',
    sent_at Nullable(DateTime('UTC')) COMMENT 'Time of sending as it was registered, UTC; NULL if it is not known',
    test UInt8 COMMENT '1 if it is a test',
    attributes Map(String, String) COMMENT 'Further columns of the registered file, by their names'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, recipient, domain, sequence, nullIf(known.sent_at, toDateTime(0, 'UTC')) AS sent_at, test, attributes
FROM (
    SELECT campaign_id, message_id, recipient, domain, sequence, sent_at, test, attributes, tracking,
        registration = 0 OR registration IN (SELECT registration_id FROM registrations FINAL WHERE state = 'complete') AS is_complete
    FROM sends FINAL
) AS known
WHERE is_complete AND tracking = 'identified'
