-- Purpose: the campaign of one message id, whatever the style of its URL.
-- Grain:   one row: how many rows bear the id, and the campaign.
-- Units:   none.
-- Reads:   the table message_campaigns by its key, so only as the warehouse user.
SELECT count() AS rows, any(campaign_id) AS campaign
FROM message_campaigns
WHERE message_id = {message_id:UUID}
