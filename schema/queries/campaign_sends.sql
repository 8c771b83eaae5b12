-- Purpose: an upper bound of the number of registered messages of a campaign, to read them in parts.
-- Grain:   one row.
-- Units:   rows of sends, merged or not.
-- Reads:   the table sends by the campaign's range of its key, so only as the warehouse user.
SELECT count()
FROM sends
WHERE campaign_id = {campaign_id:UInt64}
