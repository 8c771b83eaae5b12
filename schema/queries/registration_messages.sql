-- Purpose: counts the messages of one registration.
-- Grain:   one row.
-- Units:   messages of sends, each once however often its row was inserted.
-- Reads:   the table sends by the campaign's range of its key, so only as the warehouse user.
SELECT uniqExact(message_id) AS messages
FROM sends
WHERE campaign_id = {campaign_id:UInt64} AND registration = {registration_id:UInt64}
