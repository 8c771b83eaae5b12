-- Purpose: the last run of judge or reclassify that is visible in the numbers.
-- Grain:   one row.
-- Units:   0 = none.
-- Reads:   the view judgement_runs, which the read-only user may read.
SELECT toUInt32(max(run)) AS run
FROM judgement_runs
