-- Purpose: finds the campaigns of message ids, for pixel URLs that carry nothing but the id.
-- Grain:   one row: a number of rows, and a record for each: message_id as two UInt64, campaign_id as UInt64. An id comes once
--          for each of its styles and not yet merged copies, with the same campaign.
-- Units:   none.
-- Reads:   the table message_campaigns by its key, so only as the warehouse user.
--
-- A message that was registered for signed URLs alone is not found: else its bare id would count where its token's key
-- is revoked. The ids come as an external table wanted_messages (message_id UUID), sent along with the query: 10,000 ids
-- are too long for a query parameter over HTTP (128 KiB), and as text for max_query_size.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(message_id), reinterpretAsFixedString(campaign_id)))) AS records
FROM message_campaigns
WHERE message_id IN wanted_messages AND url_style != 'token'
