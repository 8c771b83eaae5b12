-- Purpose: the campaigns that were deleted.
-- Grain:   one row: their number, and a record for each: campaign_id as UInt64.
-- Units:   none.
-- Reads:   the table deleted_campaigns, so only as the warehouse user.
SELECT count() AS campaigns, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(campaign_id), ''))) AS records
FROM (SELECT DISTINCT campaign_id FROM deleted_campaigns)
