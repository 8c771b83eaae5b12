-- Purpose: whether anything changed that registering a few posted messages of a campaign depends on.
-- Grain:   three rows, in any order: part 1 the campaign with that id, 2 the messages' rows in it, 3 the ledger of choices.
-- Units:   n counts rows; changed_at is the campaign's latest change, in UTC milliseconds, 0 without a campaign.
-- Reads:   the tables campaigns, sends and consents, so only as the warehouse user.
--
-- The answer has few columns since their analysis takes most of the time: what the campaign and the choices are is read by
-- other queries, if they changed. Several queries, or several threads for so few rows, take longer.
SELECT toUInt8(1) AS part, count() AS n, toUnixTimestamp64Milli(max(updated_at)) AS changed_at
FROM campaigns
WHERE campaign_id = {campaign_id:UInt64}
UNION ALL
SELECT 2, count(), 0
FROM sends
WHERE campaign_id = {campaign_id:UInt64} AND message_id IN {messages:Array(UUID)}
UNION ALL
SELECT 3, count(), 0
FROM consents
SETTINGS max_threads = 1
