-- Purpose: the times at which events arrived in the warehouse, for programs that follow them; and the version of each view.
-- Grain:   arrivals: one row per insert and campaign. schema_views: one row per view and change.
-- Units:   times are UTC milliseconds; arrived_at is the warehouse's clock before the insert becomes visible, by seconds at most.
-- Engine:  arrivals is a MergeTree, kept for a day. schema_views replaces by replaced_at.
-- Key:     arrivals (arrived_at, campaign_id): a follower reads from a time on. schema_views (view).
--
-- received_at alone is no cursor: an event that waited in the log of one ingest comes after later ones of another. A row of
-- arrivals says that events of the campaign whose received_at lies within its bounds have come now. Rows of judge and reclassify
-- are no arrivals. schema_views holds a hash of a view's text, and one of what the server shows of it: a view that was changed by
-- hand differs from the second.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS arrivals (
    arrived_at    DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    campaign_id   UInt64               CODEC(ZSTD(1)),
    received_from DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    received_to   DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    events        UInt64               CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (arrived_at, campaign_id)
TTL toDateTime(arrived_at) + INTERVAL 1 DAY
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per insert of events and campaign, kept for a day: which events came when';

CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_of_opens_mv TO arrivals
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT now64(3, 'UTC') AS arrived_at, campaign_id, min(received_at) AS received_from, max(received_at) AS received_to, count() AS events
FROM opens WHERE judged_run = 0 GROUP BY campaign_id;
ALTER TABLE arrivals_of_opens_mv MODIFY COMMENT 'Fills arrivals from every insert into opens';

CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_of_deliveries_mv TO arrivals
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT now64(3, 'UTC') AS arrived_at, campaign_id, min(received_at) AS received_from, max(received_at) AS received_to, count() AS events
FROM deliveries WHERE judged_run = 0 GROUP BY campaign_id;
ALTER TABLE arrivals_of_deliveries_mv MODIFY COMMENT 'Fills arrivals from every insert into deliveries';

CREATE TABLE IF NOT EXISTS schema_views (
    view        String,
    text_hash   String,
    shown_hash  String,
    replaced_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(replaced_at)
ORDER BY view
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per view of this schema and change: hashes of its text, by which migrate knows what it has to create again';
