-- Purpose: the rows of bad_tokens and web_events with certain event ids, which name a person.
-- Grain:   one row: the number of rows, and lists with an element for each: its table, and the row as an object of JSON.
-- Units:   columns and units are as in each table.
-- Reads:   the tables bad_tokens and web_events, so only as the warehouse user.
SELECT count() AS rows, groupArray(place) AS places, groupArray(line) AS lines
FROM (
    SELECT 'bad_tokens' AS place, formatRow('JSONEachRow', *) AS line FROM bad_tokens FINAL WHERE event_id IN {events:Array(UInt64)}
    UNION ALL
    SELECT 'web_events', formatRow('JSONEachRow', *) FROM web_events FINAL WHERE event_id IN {events:Array(UInt64)}
)
