-- Purpose: the dimension by which a campaign is divided into strata.
-- Grain:   one row: the number of strata, and the dimension, empty without any.
-- Units:   none.
-- Reads:   the table strata, so only as the warehouse user.
SELECT count() AS strata, toString(any(dimension)) AS dimension
FROM strata FINAL
WHERE campaign_id = {campaign_id:UInt64}
