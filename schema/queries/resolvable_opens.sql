-- Purpose: which waiting opens can be moved into opens, since their message has been registered.
-- Grain:   one row per event, limit rows at the most; a message that was registered twice has one campaign.
-- Units:   opened_at in Unix milliseconds.
-- Reads:   the tables unresolved_opens and message_campaigns, the latter by its key, so only as the warehouse user.
SELECT message_id, toUnixTimestamp64Milli(opened_at) AS opened_at, event_id, campaign_id
FROM (
    SELECT message_id, opened_at, event_id
    FROM unresolved_opens FINAL
    WHERE moved = 0
) AS waiting
ANY INNER JOIN (
    SELECT message_id, campaign_id
    FROM message_campaigns
    WHERE message_id IN (SELECT message_id FROM unresolved_opens WHERE moved = 0)
) AS registered USING (message_id)
LIMIT {limit:UInt32}
