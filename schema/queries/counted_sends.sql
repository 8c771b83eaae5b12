-- Purpose: of the messages that are about to be revoked, the number of registered and of counted ones.
-- Grain:   one row.
-- Units:   registration 0: the messages are in the external table.
-- Reads:   the tables sends and registrations by the campaign's range of their keys, so only as the warehouse user.
--
-- The messages come as an external table marked_messages (message_id UUID).
SELECT count() AS registered,
    countIf(registration = 0 OR registration IN (
        SELECT registration_id FROM registrations FINAL WHERE campaign_id = {campaign_id:UInt64} AND state = 'complete')) AS counted
FROM sends FINAL
WHERE campaign_id = {campaign_id:UInt64}
    AND if({registration:UInt64} = 0, message_id IN (SELECT message_id FROM marked_messages), registration = {registration:UInt64})
