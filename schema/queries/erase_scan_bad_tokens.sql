-- Purpose: the texts of requests with a bad token, which may contain a person's token or address.
-- Grain:   one row: the number of rows of the page, and lists with an element for each.
-- Units:   opened_at in Unix milliseconds; after_ms and after_event are the key of the last row of the page before.
-- Reads:   the table bad_tokens by its key, so only as the warehouse user.
SELECT count() AS rows, groupArray(opened_ms) AS opened, groupArray(event_id) AS events, groupArray(text) AS texts
FROM (
    SELECT toUnixTimestamp64Milli(opened_at) AS opened_ms, event_id, concat(token, '\n', path, '\n', extra) AS text
    FROM bad_tokens
    WHERE (opened_at, event_id) > (fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC'), {after_event:UInt64})
    ORDER BY opened_at, event_id
    LIMIT {limit:UInt64}
)
