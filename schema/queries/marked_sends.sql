-- Purpose: of the messages that are about to be marked, the number of registered ones and of those that would change.
-- Grain:   one row.
-- Units:   test and tracking as in mark_sends.
-- Reads:   the table sends by its key, so only as the warehouse user.
--
-- The messages come as an external table marked_messages (message_id UUID).
SELECT count() AS registered,
    countIf({test:Int8} >= 0 AND test != {test:Int8} OR toInt8(tracking) < {tracking:Int8}) AS changing
FROM sends FINAL
WHERE campaign_id = {campaign_id:UInt64} AND message_id IN (SELECT message_id FROM marked_messages)
