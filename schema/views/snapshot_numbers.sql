-- Purpose: the latest computed numbers of a campaign's report, in as few columns as possible: a report is read within milliseconds.
-- Grain:   one row per campaign whose numbers have been computed.
-- Units:   as in campaign_report. The orders of counts, rates and times are those of migrations/00022_packed_snapshots.sql.
-- Engine:  a plain view over campaign_totals; a filter on campaign_id reaches its key.
--
-- ClickHouse takes longer to plan the columns of a view than to read them: campaign_snapshots has the same numbers by name, for people.
CREATE OR REPLACE VIEW snapshot_numbers
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    counts Array(Int64) COMMENT 'The counts of campaign_report',
    rates Array(Nullable(Float64)) COMMENT 'The rates of campaign_report and the ends of their ranges',
    times Array(Nullable(DateTime64(3, 'UTC'))) COMMENT 'The times of campaign_report',
    classes Array(Tuple(class String, opens_total Int64, unique_opens Int64)) COMMENT 'The rows of opens_by_class, the most opens first',
    computed_at DateTime64(3, 'UTC') COMMENT 'Time when these numbers were computed, UTC',
    age_seconds Float64 COMMENT 'Seconds since these numbers began to be computed',
    mark UInt64 COMMENT 'Mark of the campaign before these numbers were computed: the campaign has not changed since if it is that of snapshot_estimates',
    account_rows Int64 COMMENT 'Messages and opens of all campaigns, when these numbers were computed; 0 if they were not counted'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, counts, rates, times, classes, computed_at, dateDiff('millisecond', read_at, now64(3, 'UTC')) / 1000 AS age_seconds, mark, account_rows
FROM campaign_totals FINAL
