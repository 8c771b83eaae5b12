-- Purpose: finds the events of a list that wait for the registration of their message, for glint audit.
-- Grain:   one row: the number of events that wait, and a record for each, UInt64; one that was moved does not wait.
-- Units:   none.
-- Reads:   the table unresolved_opens, only as the warehouse user. The step is read by max, not by FINAL: it costs less.
--
-- The events come as an external table wanted_events (event_id UInt64), sent along with the query.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(event_id), ''))) AS records
FROM (
    SELECT event_id
    FROM unresolved_opens
    WHERE event_id IN wanted_events
    GROUP BY event_id
    HAVING max(moved) = 0
)
