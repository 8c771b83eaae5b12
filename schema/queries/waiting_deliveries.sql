-- Purpose: counts the events that wait for the registration of their message, and how many of them can move.
-- Grain:   one row.
-- Units:   events.
-- Reads:   the table unresolved_deliveries and the view resolvable_deliveries, so only as the warehouse user.
SELECT
    (SELECT count() FROM unresolved_deliveries FINAL WHERE moved = 0) AS waiting,
    (SELECT count() FROM resolvable_deliveries) AS resolvable
