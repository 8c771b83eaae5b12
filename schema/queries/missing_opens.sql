-- Purpose: finds the events of a list without an open, of a message or aggregate, for glint audit.
-- Grain:   one row: the number of events that are not there, and a record for each, UInt64; a repeat counts.
-- Units:   none.
-- Reads:   of the tables opens and aggregate_opens one column as a whole, since no key begins with the event; only as the warehouse user.
--
-- The events come as an external table wanted_events (event_id UInt64), sent along with the query. Those that are
-- missing go back, not those that are there: mostly they are few.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(event_id), ''))) AS records
FROM (
    SELECT event_id
    FROM wanted_events
    WHERE event_id NOT IN (
        SELECT event_id
        FROM opens
        WHERE event_id IN wanted_events
        UNION ALL
        SELECT event_id
        FROM aggregate_opens
        WHERE event_id IN wanted_events
    )
)
