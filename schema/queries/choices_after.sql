-- Purpose: what was recorded in the ledger of choices after a known row of each node, for one purpose.
-- Grain:   one row: the rows of the ledger, and those after the known ones, as numbers; their nodes, and the last sequence of each.
-- Units:   text has as many records as records says, one for each of those rows that is of the purpose; a record is as in
--          current_choices, but an older one may follow a later one.
-- Reads:   the table consents, so only as the warehouse user.
--
-- The nodes in the parameter nodes are known up to the sequence at the same place of sequences, all others up to 0.
SELECT (SELECT count() FROM consents) AS ledger, count() AS decisions, (maxMap([node], [sequence]) AS ends).1 AS nodes, ends.2 AS sequences,
    countIf(purpose = {purpose:String}) AS records, arrayStringConcat(groupArrayIf(concat(
        reinterpretAsFixedString(recipient_key), char(toInt8(choice)), reinterpretAsFixedString(toUnixTimestamp64Milli(decided_at))),
        purpose = {purpose:String})) AS text
FROM consents
WHERE sequence > arrayElement(arrayPushFront({sequences:Array(UInt64)}, 0), indexOf({nodes:Array(String)}, node) + 1)
