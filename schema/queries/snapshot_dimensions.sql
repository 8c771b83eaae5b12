-- Purpose: the latest computed opens of one campaign by some dimensions, the most frequent value first.
-- Grain:   one row, or none if they have not been computed.
-- Units:   as in views/snapshot_breakdowns.sql.
-- Reads:   the view snapshot_breakdowns, which the read-only user may read.
SELECT arrayFilter(counted -> has({dimensions:Array(String)}, counted.1), dimensions) AS counts, mark, age_seconds, campaign_rows
FROM snapshot_breakdowns
WHERE campaign_id = {campaign_id:UInt64}
