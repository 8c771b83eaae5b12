-- Purpose: counts the stored requests with bad tokens by the fault of the token and the key that it names.
-- Grain:   one row: the number of pairs of a fault and a key, and lists with an element for each.
-- Units:   requests; key_id 0 = the token names none, or the row is older than the column. Those that moved do not count.
-- Reads:   the table bad_tokens, so only as the warehouse user.
SELECT
    count() AS pairs,
    groupArray(fault) AS fault_list,
    groupArray(key_id) AS key_id_list,
    groupArray(requests) AS requests_list
FROM (
    SELECT fault, key_id, count() AS requests
    FROM bad_tokens FINAL
    WHERE moved = 0
    GROUP BY fault, key_id
    ORDER BY fault, key_id
)
