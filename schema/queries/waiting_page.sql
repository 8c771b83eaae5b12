-- Purpose: the end of the next page of waiting opens, so that the search for registered ones takes bounded memory.
-- Grain:   one row: the last message of the page, and its opens up to there; 0 if none waits after the message.
-- Units:   none. A message is on one page with all its opens.
-- Reads:   the table unresolved_opens by its key, so only as the warehouse user.
SELECT max(message_id) AS last, count() AS opens
FROM (
    SELECT message_id
    FROM unresolved_opens FINAL
    WHERE moved = 0 AND message_id > {after:UUID}
    ORDER BY message_id
    LIMIT {limit:UInt32}
)
