-- Purpose: whether anything changed that registering a few posted messages of a campaign depends on.
-- Grain:   rows of part 1: the stored versions of the campaign with that id; of part 2: the rows of the messages in it; a row of part 3.
-- Units:   changed_at is in UTC milliseconds; n of part 3 is the number of rows of the ledger of choices.
-- Reads:   the tables campaigns, sends and consents, so only as the warehouse user.
--
-- The answer has few columns, and hardly any aggregation, since planning takes most of the time: what the campaign and the choices
-- are is read by other queries, if they changed. Several queries, or several threads for so few rows, take longer.
SELECT toUInt8(1) AS part, toUInt64(1) AS n, toUnixTimestamp64Milli(updated_at) AS changed_at
FROM campaigns
WHERE campaign_id = {campaign_id:UInt64}
UNION ALL
SELECT 2, 1, 0
FROM sends
WHERE campaign_id = {campaign_id:UInt64} AND message_id IN {messages:Array(UUID)}
UNION ALL
SELECT 3, count(), 0
FROM consents
SETTINGS max_threads = 1, optimize_move_to_prewhere = 0, use_skip_indexes = 0, use_query_condition_cache = 0
