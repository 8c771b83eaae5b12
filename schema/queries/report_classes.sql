-- Purpose: the opens of one campaign by class of client, the most frequent first.
-- Grain:   one row per class with at least one open.
-- Units:   opens_total counts events, unique_opens messages.
-- Reads:   the view opens_by_class, which the read-only user may read.
SELECT class, toUInt64(opens_total) AS opens_total, toUInt64(unique_opens) AS unique_opens
FROM opens_by_class
WHERE campaign_id = {campaign_id:UInt64}
ORDER BY opens_total DESC, class
