-- Purpose: the latest computed breakdowns of a large campaign: the same numbers as the views that they are named for, at the cost of one row.
-- Grain:   one row per campaign whose breakdowns have been computed.
-- Units:   as in opens_by_quarter_hour, time_to_open and opens_by_dimension, whose rows are lists here.
-- Engine:  a plain view over campaign_breakdowns; a filter on campaign_id reaches its key.
CREATE OR REPLACE VIEW snapshot_breakdowns
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    first_sent_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First known time of sending, UTC; NULL if none is known',
    quarter_hours Array(Tuple(quarter_hour DateTime('UTC'), opens_total Int64, unique_opens Int64, reliable_unique_opens Int64)) COMMENT 'The rows of opens_by_quarter_hour, in the order of time',
    delays Array(Tuple(from_minutes Nullable(Int64), to_minutes Nullable(Int64), messages Int64)) COMMENT 'The rows of time_to_open, the shortest first, the one without times last',
    dimensions Array(Tuple(dimension String, value String, unique_opens Int64, reliable_unique_opens Int64)) COMMENT 'The rows of opens_by_dimension, the most frequent value first',
    computed_at DateTime64(3, 'UTC') COMMENT 'Time when these numbers were computed, UTC',
    mark UInt64 COMMENT 'Mark of snapshot_marks before these numbers were computed: the campaign has not changed since if it still has it',
    age_seconds Float64 COMMENT 'Seconds since these numbers began to be computed',
    campaign_rows Int64 COMMENT 'Messages and opens of the campaign, at the last count'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, first_sent_at, quarter_hours, delays, dimensions, computed_at, mark, dateDiff('millisecond', read_at, now64(3, 'UTC')) / 1000 AS age_seconds, campaign_rows
FROM campaign_breakdowns FINAL
