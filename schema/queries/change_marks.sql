-- Purpose: whether anything has changed that a report depends on: another answer than before.
-- Grain:   one row.
-- Units:   a number without meaning, and the number of campaigns with a change.
-- Reads:   the table campaign_changes.
SELECT sum(mark) AS mark, uniqExact(campaign_id) AS campaigns
FROM campaign_changes
