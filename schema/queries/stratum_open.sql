-- Purpose: reports whether an aggregate open of a stratum has arrived, and whether the edge had reduced it.
-- Grain:   one row: the number of opens, and of those that an edge had reduced.
-- Units:   events.
-- Reads:   the table aggregate_opens by its key, so only as the warehouse user.
SELECT count() AS opens, countIf(reduced_by = 'edge') AS by_edge
FROM aggregate_opens
WHERE campaign_id = {campaign_id:UInt64} AND stratum_id = {stratum_id:UUID}
