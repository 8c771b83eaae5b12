-- Purpose: which of many events have no open, for glint audit.
-- Grain:   one row per event that is not there; a repeat counts, as every verdict of an event does.
-- Units:   none.
-- Reads:   of the table opens one column as a whole, since no key begins with the event; only as the warehouse user.
--
-- The events come as an external table wanted_events (event_id UInt64), sent along with the query. Those that are
-- missing go back, not those that are there: mostly they are few.
SELECT event_id
FROM wanted_events
WHERE event_id NOT IN (
    SELECT event_id
    FROM opens
    WHERE event_id IN wanted_events
)
