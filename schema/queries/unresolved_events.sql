-- Purpose: which of many events wait for the registration of their message, for glint audit.
-- Grain:   one row per event that waits; one that was moved into opens does not.
-- Units:   none.
-- Reads:   the table unresolved_opens, only as the warehouse user. The step is read by max, not by FINAL: it costs less.
--
-- The events come as an external table wanted_events (event_id UInt64), sent along with the query.
SELECT event_id
FROM unresolved_opens
WHERE event_id IN wanted_events
GROUP BY event_id
HAVING max(moved) = 0
