-- Purpose: how full the two capped tables are.
-- Grain:   one row.
-- Units:   opens that wait; rows of bad tokens, of which those of one event that have not merged yet count as several.
-- Reads:   the tables unresolved_opens and bad_tokens, so only as the warehouse user. The first one by FINAL: an open that
--          was moved may take weeks to merge, and must not take the room of others until then.
SELECT
    (SELECT count() FROM unresolved_opens FINAL WHERE moved = 0) AS unresolved_opens,
    (SELECT count() FROM bad_tokens) AS bad_tokens
