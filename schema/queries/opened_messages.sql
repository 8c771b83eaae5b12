-- Purpose: which messages of a campaign have an open of any class.
-- Grain:   one row per message.
-- Units:   none.
-- Reads:   the table opens by the campaign's range of its key, so only as the warehouse user.
SELECT DISTINCT message_id
FROM opens
WHERE campaign_id = {campaign_id:UInt64}
