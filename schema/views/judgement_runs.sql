-- Purpose: the runs of judge and reclassify that are visible in the numbers: their times, their rules, and the number of their changes.
-- Grain:   one row per run that is applied.
-- Units:   counts of events; times are UTC milliseconds.
-- Engine:  a plain view over judgements, which is small.
CREATE OR REPLACE VIEW judgement_runs
(
    run Int64 COMMENT 'Number of the run, from 1',
    kind String COMMENT 'judge: time and context; reclassify: also the rules of the request',
    started_at DateTime64(3, 'UTC') COMMENT 'Time when it began, UTC',
    applied_at DateTime64(3, 'UTC') COMMENT 'Time from which it is visible, UTC',
    ruleset_version Int64 COMMENT 'Version of the rules of the program that ran it',
    opens_read Int64 COMMENT 'Opens that it read',
    opens_changed Int64 COMMENT 'Opens whose verdict or client it changed',
    opens_expired Int64 COMMENT 'Opens whose facts are gone: they kept their verdict',
    opens_ignored Int64 COMMENT 'Opens of own mail: they kept their verdict',
    clicks_changed Int64 COMMENT 'Clicks whose verdict it changed'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT toInt64(runs.run) AS run, toString(runs.kind) AS kind, started_at, applied_at, toInt64(runs.ruleset_version) AS ruleset_version,
    toInt64(runs.opens_read) AS opens_read, toInt64(runs.opens_changed) AS opens_changed, toInt64(runs.opens_expired) AS opens_expired,
    toInt64(runs.opens_ignored) AS opens_ignored, toInt64(runs.clicks_changed) AS clicks_changed
FROM judgements AS runs FINAL
WHERE state = 'applied'
