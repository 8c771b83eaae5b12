-- Purpose: finds the campaigns of message ids, whatever the style of their pixel URLs.
-- Grain:   one row: a number of rows, and a record for each: message_id as two UInt64, campaign_id as UInt64.
-- Units:   none; an id may come several times, with the same campaign.
-- Reads:   the table message_campaigns by its key, so only as the warehouse user.
--
-- The ids come as an external table wanted_messages (message_id UUID), sent along with the query.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(message_id), reinterpretAsFixedString(campaign_id)))) AS records
FROM message_campaigns
WHERE message_id IN wanted_messages
