-- Purpose: the names of campaigns, to suggest the most similar one to a mistyped name.
-- Grain:   one row per campaign whose name is not too long or too short to be near, the latest 10,000.
-- Units:   none. The client measures the distance: the server's functions for it take time without a bound, so that the
--          read-only user is refused them.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT campaign
FROM campaign_names
WHERE 2 * abs(toInt64(lengthUTF8(campaign)) - toInt64(lengthUTF8({campaign:String}))) <= lengthUTF8({campaign:String})
    OR positionCaseInsensitiveUTF8(campaign, {campaign:String}) > 0
ORDER BY created_at DESC, campaign
LIMIT 10000
