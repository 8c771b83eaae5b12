-- Purpose: the waiting events whose message has been registered since, with its campaign and id.
-- Grain:   one row per event of unresolved_deliveries that waits and can move to deliveries.
-- Units:   as in deliveries.
-- Engine:  a plain view. A semi join, since an ANY INNER JOIN would return one event of each message only.
--
-- Only the queries that move events read it.
CREATE OR REPLACE VIEW resolvable_deliveries
(
    campaign_id UInt64 COMMENT 'Id of the campaign in which the message is registered',
    registered_id UUID COMMENT 'Id of the registered message',
    message_id UUID COMMENT 'Id of the message as the event waits for it; zero if it waits for a recipient',
    campaign String COMMENT 'Name of the campaign as the event waits for it; empty if it waits for a message',
    recipient_key UInt128 COMMENT 'Keyed hash of the recipient as the event waits for it; 0 if it waits for a message',
    kind Int8 COMMENT 'Kind of the event, a number of the Enum8 of deliveries.kind',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Time of the event, UTC',
    link_hash UInt64 COMMENT 'Hash of the link of a click; 0 if there is none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT registered.campaign_id AS campaign_id, registered.registered_id AS registered_id,
    waiting.message_id AS message_id, waiting.campaign AS campaign, waiting.recipient_key AS recipient_key,
    toInt8(waiting.kind) AS kind, waiting.occurred_at AS occurred_at, waiting.link_hash AS link_hash
FROM (
    SELECT message_id, toString(campaign) AS campaign, recipient_key, kind, occurred_at, link_hash
    FROM unresolved_deliveries FINAL
    WHERE moved = 0
) AS waiting
LEFT SEMI JOIN (
    SELECT message_id, '' AS campaign, toUInt128(0) AS recipient_key, campaign_id, message_id AS registered_id
    FROM message_campaigns
    WHERE message_id IN (SELECT message_id FROM unresolved_deliveries FINAL WHERE moved = 0)
    UNION ALL
    SELECT toUUID('00000000-0000-0000-0000-000000000000'), names.campaign, recipients.recipient_key,
        recipients.campaign_id, recipients.message_id
    FROM (
        SELECT recipient_key, campaign_id, message_id
        FROM recipient_messages
        WHERE recipient_key IN (SELECT recipient_key FROM unresolved_deliveries FINAL WHERE moved = 0)
    ) AS recipients
    INNER JOIN campaign_names AS names USING (campaign_id)
) AS registered USING (message_id, campaign, recipient_key)
