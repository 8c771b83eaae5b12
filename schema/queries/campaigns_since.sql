-- Purpose: the campaigns that began in a period, in the order of their begin.
-- Grain:   one row: their number, and lists with an element for each.
-- Units:   times are Unix milliseconds, since included, until not.
-- Reads:   the view campaign_starts, which the read-only user may read.
SELECT count() AS campaigns, groupArray(campaign_id) AS id_list, groupArray(at) AS starts_at_list
FROM (
    SELECT campaign_id, toUnixTimestamp64Milli(starts_at) AS at
    FROM campaign_starts
    WHERE at >= {since_ms:Int64} AND at < {until_ms:Int64}
    ORDER BY at, campaign_id
)
