-- Purpose: the number of recipients by the time since they last opened a message of any campaign: the cohorts of recency.
-- Grain:   one row per cohort, also without recipients.
-- Units:   recipients with a measured message; days until now.
-- Engine:  a plain view over message_opens, which it reads as a whole.
--
-- A recipient is in one cohort, by the last open by a person of any of his measured messages, so that the cohorts add up to all
-- recipients. A time that is not possible counts as none.
CREATE OR REPLACE VIEW recipient_recency
(
    cohort String COMMENT 'Last open by a person: within 7, 30, 90 or 365 days, longer ago, or never',
    within_days Nullable(Int64) COMMENT 'End of the cohort in days; NULL for longer and never',
    recipients Int64 COMMENT 'Recipients of the cohort'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT cohorts.1 AS cohort, cohorts.2 AS within_days, toInt64(cohorts.3) AS recipients
FROM (
    SELECT arrayJoin([
        ('7 days', CAST(7, 'Nullable(Int64)'), countIf(age <= 7)),
        ('30 days', 30, countIf(age > 7 AND age <= 30)),
        ('90 days', 90, countIf(age > 30 AND age <= 90)),
        ('365 days', 365, countIf(age > 90 AND age <= 365)),
        ('longer', NULL, countIf(age > 365 AND has_opened)),
        ('never', NULL, countIf(NOT has_opened))]) AS cohorts
    FROM (
        SELECT recipient_key, max(timed_reliable) AS has_opened,
            if(has_opened, dateDiff('second', maxIf(last_reliable_open, timed_reliable), now64(3, 'UTC')) / 86400, 1e9) AS age
        FROM message_opens
        WHERE measured AND recipient_key != 0
        GROUP BY recipient_key
    )
)
