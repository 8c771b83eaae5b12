-- Purpose: the number of rows in the two capped tables.
-- Grain:   one row.
-- Units:   opens that wait; requests with bad tokens that were not moved.
-- Reads:   the tables unresolved_opens and bad_tokens, so only as the warehouse user. By FINAL: an open that was moved
--          may take weeks to merge, and must not take the room of others until then.
SELECT
    (SELECT count() FROM unresolved_opens FINAL WHERE moved = 0) AS unresolved_opens,
    (SELECT count() FROM bad_tokens FINAL WHERE moved = 0) AS bad_tokens
