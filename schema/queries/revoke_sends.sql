-- Purpose: revokes registered messages: moves them to a registration that is never complete.
-- Grain:   a statement: one more row for each message that counts, the latest of it.
-- Units:   now is Unix milliseconds; registration 0: the messages are in the external table.
-- Reads:   the tables sends and registrations by the campaign's range of their keys, so only as the warehouse user.
--
-- The messages come as an external table marked_messages (message_id UUID). All other columns of a message stay, so that registering
-- it again takes it over.
INSERT INTO sends
SELECT * REPLACE (
    {revoked:UInt64} AS registration,
    greatest(fromUnixTimestamp64Milli({now:Int64}, 'UTC'), registered_at + toIntervalMillisecond(1)) AS registered_at)
FROM (
    SELECT *
    FROM sends FINAL
    WHERE campaign_id = {campaign_id:UInt64}
        AND if({registration:UInt64} = 0, message_id IN (SELECT message_id FROM marked_messages), registration = {registration:UInt64})
        AND (registration = 0 OR registration IN (
            SELECT registration_id FROM registrations FINAL WHERE campaign_id = {campaign_id:UInt64} AND state = 'complete'))
)
