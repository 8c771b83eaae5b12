-- Purpose: the end of a node's hash chain in the ledger of choices.
-- Grain:   one row: the number of rows of the node, the highest sequence and the hash of that row, 0 and empty without any.
-- Units:   none.
-- Reads:   the table consents, so only as the warehouse user.
SELECT count() AS rows, max(sequence) AS last_sequence, argMax(hash, sequence) AS last_hash
FROM consents
WHERE node = {node:String}
