-- Purpose: the latest time in any row of a campaign's sends or registrations, so that a new registration gets a later one.
-- Grain:   one row.
-- Units:   Unix milliseconds; 0 without rows.
-- Reads:   the tables sends and registrations by the campaign's range of their keys, so only as the warehouse user.
SELECT greatest(
    (SELECT max(toUnixTimestamp64Milli(registered_at)) FROM sends WHERE campaign_id = {campaign_id:UInt64}),
    (SELECT max(toUnixTimestamp64Milli(started_at)) FROM registrations WHERE campaign_id = {campaign_id:UInt64})) AS latest_ms
