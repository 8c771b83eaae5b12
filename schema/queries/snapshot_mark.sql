-- Purpose: the mark of one campaign, by which its snapshot is known to be current.
-- Grain:   one row, or none if it never changed.
-- Units:   marks have no meaning.
-- Reads:   the view snapshot_marks, which the read-only user may read.
SELECT mark
FROM snapshot_marks
WHERE campaign_id = {campaign_id:UInt64}
SETTINGS max_threads = 1
