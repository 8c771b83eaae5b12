-- Purpose: which waiting opens can be moved into opens, since their message has been registered.
-- Grain:   one row per event, limit rows at the most; a message that was registered twice has one campaign.
-- Units:   opened_at in Unix milliseconds.
-- Reads:   the tables unresolved_opens and message_campaigns, the latter by its key, so only as the warehouse user.
--
-- It looks at the messages after one and up to another, a page of waiting_page: a set of all that wait would not fit
-- into the memory of a small engine while the table is full. A semi join, since an ANY INNER JOIN would return one open of
-- each message only.
SELECT message_id, toUnixTimestamp64Milli(opened_at) AS opened_at, event_id, campaign_id
FROM (
    SELECT message_id, opened_at, event_id
    FROM unresolved_opens FINAL
    WHERE moved = 0 AND message_id > {after:UUID} AND message_id <= {last:UUID}
) AS waiting
LEFT SEMI JOIN (
    SELECT message_id, campaign_id
    FROM message_campaigns
    WHERE message_id IN (
        SELECT message_id
        FROM unresolved_opens FINAL
        WHERE moved = 0 AND message_id > {after:UUID} AND message_id <= {last:UUID}
    )
) AS registered USING (message_id)
LIMIT {limit:UInt32}
