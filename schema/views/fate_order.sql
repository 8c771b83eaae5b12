-- Purpose: the order of the fates of withdrawals by strictness: of several fates of a message the strictest applies.
-- Grain:   one row.
-- Units:   fates are names of the Enum8 of withdrawals.fate.
-- Engine:  a plain view over a constant. Only the queries that compare fates read it.
CREATE OR REPLACE VIEW fate_order
(
    fates Array(String) COMMENT 'The fates, the least strict first'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT ['keep', 'pseudonymous', 'last_open', 'anonymous', 'count', 'drop'] AS fates
