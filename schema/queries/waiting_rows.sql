-- Purpose: how full the two capped tables are.
-- Grain:   one row.
-- Units:   rows; those of one event that have not merged yet count as several, and moved ones until they merge.
-- Reads:   the tables unresolved_opens and bad_tokens, so only as the warehouse user.
SELECT
    (SELECT count() FROM unresolved_opens WHERE moved = 0) AS unresolved_opens,
    (SELECT count() FROM bad_tokens) AS bad_tokens
