-- Purpose: the unfinished runs of judge and reclassify, and the last number that was taken or applied.
-- Grain:   one row: lists with an element for each run that has started and is neither applied nor abandoned.
-- Units:   touched_ms is Unix milliseconds: when the run was last alive.
-- Reads:   the table judgements, so only as the warehouse user.
SELECT max(run) AS last_run, maxIf(run, state = 'applied') AS applied_run, groupArrayIf(run, state = 'started') AS open_runs,
    groupArrayIf(claim, state = 'started') AS claims, groupArrayIf(toUnixTimestamp64Milli(touched_at), state = 'started') AS touched_ms
FROM judgements FINAL
