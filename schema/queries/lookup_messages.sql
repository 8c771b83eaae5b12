-- Purpose: finds the campaigns of message ids, for pixel URLs that carry nothing but the id.
-- Grain:   one row per id and registration, so an id may come twice with the same campaign; unregistered ids are missing.
-- Units:   none.
-- Reads:   the table message_campaigns by its key, so only as the warehouse user.
--
-- The ids come as an external table wanted_messages (message_id UUID), sent along with the query: 10,000 ids are too
-- long for a query parameter over HTTP (128 KiB), and as text for max_query_size.
SELECT message_id, campaign_id
FROM message_campaigns
WHERE message_id IN wanted_messages
