-- Purpose: the incomplete registrations of a campaign, with the step that each has reached.
-- Grain:   one row: its arrays have an element for each registration whose state is not complete.
-- Units:   started_ms is Unix milliseconds; step and state as in the table.
-- Reads:   the table registrations by the campaign's range of its key, so only as the warehouse user.
SELECT
    count() AS registrations,
    groupArray(registration_id) AS registration_id_list,
    groupArray(started_ms) AS started_ms_list,
    groupArray(step) AS step_list,
    groupArray(state) AS state_list,
    groupArray(file_rows) AS file_rows_list
FROM (
    SELECT registration_id, toUnixTimestamp64Milli(started_at) AS started_ms, step, toInt8(state) AS state, file_rows
    FROM registrations FINAL
    WHERE campaign_id = {campaign_id:UInt64}
)
WHERE state != 2
