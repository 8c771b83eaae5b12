-- Purpose: a value that changes whenever any data changes that a report depends on.
-- Grain:   one row.
-- Units:   a number without meaning, and the number of campaigns with a change.
-- Reads:   the table campaign_changes.
SELECT sum(mark) AS mark, uniqExact(campaign_id) AS campaigns
FROM campaign_changes
