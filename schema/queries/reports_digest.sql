-- Purpose: a digest of all reports, with which glint migrate copy compares two warehouses.
-- Grain:   one row: the number of campaigns, and a sum over hashes of their whole reports.
-- Units:   the time when a report was computed has no part in it.
-- Reads:   the view campaign_report.
SELECT count() AS campaigns, sum(cityHash64(text)) AS digest
FROM (SELECT formatRowNoNewline('JSONCompactEachRow', *) AS text FROM (SELECT * EXCEPT (computed_at) FROM campaign_report))
