-- Purpose: the latest computed numbers of the report of one campaign.
-- Grain:   one row, or none if they have not been computed: aggregates would take as long as the rest of the query.
-- Units:   as in views/snapshot_numbers.sql.
-- Reads:   the view snapshot_numbers, which the read-only user may read.
SELECT numbers, asked_at
FROM snapshot_numbers
WHERE campaign_id = {campaign_id:UInt64}
SETTINGS max_threads = 1
