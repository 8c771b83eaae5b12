-- Purpose: the end of each node's chain of choices, for a copy of it.
-- Grain:   one row: as lists of equal length each node and the number of its last choice.
-- Units:   none.
-- Reads:   the table consents by its key, so only as the warehouse user.
SELECT groupArray(node) AS nodes, groupArray(last) AS last_sequences
FROM (SELECT node, max(sequence) AS last FROM consents GROUP BY node)
