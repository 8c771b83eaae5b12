-- Purpose: the campaigns that a run has changed, whose snapshots have to be made again.
-- Grain:   one row: the number of campaigns, and their ids.
-- Units:   none.
-- Reads:   the tables opens and deliveries, so only as the warehouse user.
SELECT count() AS campaigns, groupArray(campaign_id) AS ids
FROM (
    SELECT campaign_id FROM opens WHERE judged_run = {run:UInt32}
    UNION DISTINCT
    SELECT campaign_id FROM deliveries WHERE judged_run = {run:UInt32}
)
