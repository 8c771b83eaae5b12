-- Purpose: marks registered messages as tests, or lowers their tracking mode.
-- Grain:   one row per message of the external table whose row changes.
-- Units:   now is Unix milliseconds; test is 1, 0 or -1 (as it is); tracking is a number of the Enum8, and only grows.
-- Reads:   the table sends by its key, so only as the warehouse user.
--
-- The messages come as an external table marked_messages (message_id UUID). The new row keeps all other columns, its
-- registration included, and is later than the old one. The rows are chosen in a sub-query, where test and tracking are still
-- the old ones.
INSERT INTO sends
SELECT * REPLACE (
    if({test:Int8} < 0, test, toUInt8({test:Int8})) AS test,
    CAST(greatest(toInt8(tracking), {tracking:Int8}), toTypeName(tracking)) AS tracking,
    greatest(fromUnixTimestamp64Milli({now:Int64}, 'UTC'), registered_at + toIntervalMillisecond(1)) AS registered_at)
FROM (
    SELECT *
    FROM sends FINAL
    WHERE campaign_id = {campaign_id:UInt64} AND message_id IN (SELECT message_id FROM marked_messages)
        AND ({test:Int8} >= 0 AND test != {test:Int8} OR toInt8(tracking) < {tracking:Int8})
)
