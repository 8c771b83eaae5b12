-- Purpose: the end of the next page of bad tokens with certain faults, and the number of its rows, so that a cut-off page is detected.
-- Grain:   one row: the rows of the page and the key of its last one; 0 if no row follows.
-- Units:   opened_at in Unix milliseconds; after_ms and after_event are the key of the last row of the page before.
-- Reads:   the table bad_tokens by its key, so only as the warehouse user.
SELECT count() AS rows, max((opened_ms, event_id)).1 AS last_ms, max((opened_ms, event_id)).2 AS last_event
FROM (
    SELECT toUnixTimestamp64Milli(opened_at) AS opened_ms, event_id
    FROM bad_tokens FINAL
    WHERE moved = 0 AND fault IN {faults:Array(String)}
        AND (opened_at, event_id) > (fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC'), {after_event:UInt64})
    ORDER BY opened_at, event_id
    LIMIT {limit:UInt32}
)
