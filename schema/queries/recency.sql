-- Purpose: the number of recipients by the time since they last opened a message of any campaign.
-- Grain:   one row: the number of cohorts, and lists with an element for each, the latest first.
-- Units:   counts of recipients; within_days is 0 for the last two cohorts, which have no end.
-- Reads:   the view recipient_recency, which the read-only user may read.
SELECT
    count() AS cohorts,
    groupArray(cohort) AS cohort_list,
    groupArray(days) AS within_days_list,
    groupArray(toUInt64(recipients)) AS recipients_list
FROM (
    SELECT cohort, toUInt64(ifNull(within_days, 0)) AS days, recipients
    FROM recipient_recency
    ORDER BY days = 0, days, cohort
)
