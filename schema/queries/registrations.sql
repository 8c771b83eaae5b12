-- Purpose: the registrations of one campaign or of all, for a list.
-- Grain:   one row: the number of registrations, and lists with an element for each, the latest first, up to the limit.
-- Units:   campaign_id 0: all; times are Unix milliseconds, 0 if unknown.
-- Reads:   the tables registrations, sends and campaigns, so only as the warehouse user.
--
-- messages counts the messages that belong to the registration according to their current rows. Messages that were posted or
-- imported have no registration: they are listed per campaign, with the id 0.
SELECT
    count() AS registrations,
    groupArray(campaign) AS campaign_list,
    groupArray(campaign_id) AS campaign_id_list,
    groupArray(registration_id) AS registration_id_list,
    groupArray(state) AS state_list,
    groupArray(started_ms) AS started_ms_list,
    groupArray(completed_ms) AS completed_ms_list,
    groupArray(file_rows) AS file_rows_list,
    groupArray(messages) AS messages_list
FROM (
    SELECT
        campaigns.name AS campaign, known.campaign_id AS campaign_id, known.registration_id AS registration_id, known.state AS state,
        if(registration_id = 0, written.first_ms, known.started_ms) AS started_ms,
        if(registration_id = 0, written.last_ms, known.completed_ms) AS completed_ms,
        known.file_rows AS file_rows, toUInt64(written.messages) AS messages
    FROM (
        SELECT
            campaign_id, registration_id, toString(state) AS state, toUnixTimestamp64Milli(started_at) AS started_ms,
            if(state = 'complete', toUnixTimestamp64Milli(completed_at), 0) AS completed_ms, file_rows
        FROM registrations FINAL
        WHERE {campaign_id:UInt64} = 0 OR campaign_id = {campaign_id:UInt64}
        UNION ALL
        SELECT DISTINCT campaign_id, toUInt64(0), 'complete', toInt64(0), toInt64(0), toUInt64(0)
        FROM sends
        WHERE registration = 0 AND ({campaign_id:UInt64} = 0 OR campaign_id = {campaign_id:UInt64})
    ) AS known
    LEFT JOIN (
        SELECT
            campaign_id, registration, count() AS messages,
            min(toUnixTimestamp64Milli(registered_at)) AS first_ms, max(toUnixTimestamp64Milli(registered_at)) AS last_ms
        FROM sends FINAL
        WHERE {campaign_id:UInt64} = 0 OR campaign_id = {campaign_id:UInt64}
        GROUP BY campaign_id, registration
    ) AS written ON written.campaign_id = known.campaign_id AND written.registration = known.registration_id
    INNER JOIN (SELECT campaign_id, name FROM campaigns FINAL) AS campaigns ON campaigns.campaign_id = known.campaign_id
    WHERE registration_id != 0 OR messages > 0
    ORDER BY started_ms DESC, registration_id
    LIMIT {limit:UInt64}
)
