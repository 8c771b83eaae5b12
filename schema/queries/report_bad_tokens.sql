-- Purpose: counts the requests that name a campaign with a token that no key verifies: of the campaign of that name, and of that id.
-- Grain:   one row.
-- Units:   requests of the last 7 days.
-- Reads:   the view campaign_bad_tokens, which the read-only user may read.
SELECT
    toUInt64(sumIf(requests, campaign = {campaign:String})) AS of_name,
    toUInt64(sumIf(requests, toString(campaign_id) = {campaign:String})) AS of_id
FROM campaign_bad_tokens
