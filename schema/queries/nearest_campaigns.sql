-- Purpose: the campaigns whose names are nearest to one that does not exist, for a person who mistyped it.
-- Grain:   one row per campaign, at most {count:UInt8}, the nearest first.
-- Units:   distance counts the characters to insert, remove or replace, letter case aside; half a name at most. A name that
--          contains the other one is as near as one that differs in two characters.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT campaign, if(positionCaseInsensitiveUTF8(campaign, {campaign:String}) > 0, least(edits, 2), edits) AS distance
FROM (
    SELECT campaign, toInt64(editDistanceUTF8(lowerUTF8(toValidUTF8(campaign)), lowerUTF8({campaign:String}))) AS edits
    FROM campaign_names
)
WHERE 2 * distance <= lengthUTF8({campaign:String})
ORDER BY distance, campaign
LIMIT {count:UInt8}
