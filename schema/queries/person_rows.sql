-- Purpose: all rows about one recipient.
-- Grain:   one row: the number of rows, and lists with an element for each: its table, and the row as an object of JSON.
-- Units:   recipient_key as 32 hex digits of its bytes, the first one first; columns and units are as in each table.
-- Reads:   all tables that hold messages, so only as the warehouse user.
WITH reinterpretAsUInt128(unhex({recipient_key:String})) AS wanted,
    toUUID('00000000-0000-0000-0000-000000000000') AS none,
    his AS (
        SELECT campaign_id, message_id FROM recipient_messages WHERE recipient_key = wanted
        UNION DISTINCT
        SELECT campaign_id, message_id FROM sends WHERE recipient_key = wanted
    )
SELECT count() AS rows, groupArray(place) AS places, groupArray(line) AS lines
FROM (
    SELECT 'campaigns' AS place, formatRow('JSONEachRow', campaign_id, name) AS line FROM campaigns FINAL
    WHERE campaign_id IN (SELECT campaign_id FROM his)
    UNION ALL
    SELECT 'sends', formatRow('JSONEachRow', *) FROM sends FINAL WHERE (campaign_id, message_id) IN his OR recipient_key = wanted
    UNION ALL
    SELECT 'recipient_messages', formatRow('JSONEachRow', *) FROM recipient_messages FINAL WHERE recipient_key = wanted
    UNION ALL
    SELECT 'message_campaigns', formatRow('JSONEachRow', *) FROM message_campaigns FINAL WHERE message_id IN (SELECT message_id FROM his)
    UNION ALL
    SELECT 'opens', formatRow('JSONEachRow', *) FROM opens FINAL WHERE (campaign_id, message_id) IN his
    UNION ALL
    SELECT 'deliveries', formatRow('JSONEachRow', *) FROM deliveries FINAL WHERE (campaign_id, message_id) IN his
    UNION ALL
    SELECT 'unresolved_opens', formatRow('JSONEachRow', *) FROM unresolved_opens FINAL WHERE message_id IN (SELECT message_id FROM his)
    UNION ALL
    SELECT 'unresolved_deliveries', formatRow('JSONEachRow', *) FROM unresolved_deliveries FINAL
    WHERE message_id IN (SELECT message_id FROM his) OR recipient_key = wanted
    UNION ALL
    SELECT 'web_events', formatRow('JSONEachRow', *) FROM web_events FINAL WHERE message_id IN (SELECT message_id FROM his)
    UNION ALL
    SELECT 'last_opens', formatRow('JSONEachRow', *) FROM last_opens FINAL WHERE recipient_key = wanted
    UNION ALL
    SELECT 'consents', formatRow('JSONEachRow', *) FROM consents WHERE recipient_key = wanted
    UNION ALL
    SELECT 'withdrawals', formatRow('JSONEachRow', *) FROM withdrawals FINAL WHERE recipient_key = wanted
)
