-- Purpose: the waiting opens that can move into opens, since their message has been registered.
-- Grain:   one row: the number of events, limit at the most, and a record for each.
-- Units:   a record is message_id as two UInt64, opened_at as Int64 in Unix milliseconds, event_id and campaign_id as UInt64.
-- Reads:   the tables unresolved_opens and message_campaigns, the latter by its key, so only as the warehouse user.
--
-- It looks at the messages after one and up to another, a page of waiting_page: a set of all that wait would not fit
-- into the memory of a small engine while the table is full. A semi join, since an ANY INNER JOIN would return one open of
-- each message only. A message that was registered for signed URLs alone is not found: see lookup_messages.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(message_id), reinterpretAsFixedString(opened_ms),
    reinterpretAsFixedString(event_id), reinterpretAsFixedString(campaign_id)))) AS records
FROM (
    SELECT message_id, toUnixTimestamp64Milli(opened_at) AS opened_ms, event_id, campaign_id
    FROM (
        SELECT message_id, opened_at, event_id
        FROM unresolved_opens FINAL
        WHERE moved = 0 AND message_id > {after:UUID} AND message_id <= {last:UUID}
    ) AS waiting
    LEFT SEMI JOIN (
        SELECT message_id, campaign_id
        FROM message_campaigns
        WHERE url_style != 'token' AND message_id IN (
            SELECT message_id
            FROM unresolved_opens FINAL
            WHERE moved = 0 AND message_id > {after:UUID} AND message_id <= {last:UUID}
        )
    ) AS registered USING (message_id)
    LIMIT {limit:UInt32}
)
