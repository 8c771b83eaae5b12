-- Purpose: the latest computed numbers of a campaign's report, in one column: a report is read within milliseconds.
-- Grain:   one row per campaign whose numbers have been computed.
-- Units:   as in campaign_report; times are Unix milliseconds. The order of numbers is that of migrations/00024_one_column.sql.
-- Engine:  a plain view over campaign_totals; a filter on campaign_id reaches its key.
--
-- ClickHouse takes longer to plan the columns of a view than to read them: campaign_snapshots has the same numbers by name, for people.
CREATE OR REPLACE VIEW snapshot_numbers
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    numbers String COMMENT 'The columns of campaign_report, the rows of opens_by_class, and the mark of snapshot_marks before they were computed, as JSON',
    asked_at DateTime64(3, 'UTC') COMMENT 'Time of this query, UTC'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, numbers, now64(3, 'UTC') AS asked_at
FROM campaign_totals FINAL
