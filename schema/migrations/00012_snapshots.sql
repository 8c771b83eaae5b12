-- Purpose: the latest computed report of each campaign, and the campaigns that have changed since.
-- Grain:   campaign_changes: one row per campaign, in parts that are not merged one per insert. The others: one row per campaign.
-- Units:   mark is a number without meaning; times are UTC milliseconds; the columns of campaign_totals are those of the views
--          campaign_report, campaign_estimates and opens_by_class, whose rows are lists here.
-- Engine:  AggregatingMergeTree: a sum of marks does not depend on their order. ReplacingMergeTree(computed_at): the last snapshot holds.
-- Key:     campaign_id.
--
-- Each insert into a table from which reports are computed adds a random number to the mark of its campaigns, whatever program inserts. A
-- snapshot stores the mark from before it began to read: if the marks are equal, no insert came after. A clock would not work, since a row
-- becomes visible later than its timestamp. history_mark is the sum of the marks of the campaigns that were sent in the 90 days before
-- history_start: the estimates depend on their opens, too. The estimates have a separate table, since in a large account they take longer
-- and are computed less often. A snapshot is one row, so that a reader never sees parts of two.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS campaign_changes (
    campaign_id UInt64                                                CODEC(ZSTD(1)),
    mark        SimpleAggregateFunction(sum, UInt64)                  CODEC(NONE),
    changed_at  SimpleAggregateFunction(max, DateTime64(3, 'UTC'))    CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY campaign_id
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per campaign; its mark changes with every insert that its report depends on';

CREATE MATERIALIZED VIEW IF NOT EXISTS changes_of_opens_mv TO campaign_changes
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT campaign_id, rand64() AS mark, now64(3, 'UTC') AS changed_at FROM opens GROUP BY campaign_id;
ALTER TABLE changes_of_opens_mv MODIFY COMMENT 'Fills campaign_changes from every insert into opens';

CREATE MATERIALIZED VIEW IF NOT EXISTS changes_of_sends_mv TO campaign_changes
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT campaign_id, rand64() AS mark, now64(3, 'UTC') AS changed_at FROM sends GROUP BY campaign_id;
ALTER TABLE changes_of_sends_mv MODIFY COMMENT 'Fills campaign_changes from every insert into sends';

CREATE MATERIALIZED VIEW IF NOT EXISTS changes_of_deliveries_mv TO campaign_changes
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT campaign_id, rand64() AS mark, now64(3, 'UTC') AS changed_at FROM deliveries GROUP BY campaign_id;
ALTER TABLE changes_of_deliveries_mv MODIFY COMMENT 'Fills campaign_changes from every insert into deliveries';

CREATE MATERIALIZED VIEW IF NOT EXISTS changes_of_registrations_mv TO campaign_changes
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT campaign_id, rand64() AS mark, now64(3, 'UTC') AS changed_at FROM registrations GROUP BY campaign_id;
ALTER TABLE changes_of_registrations_mv MODIFY COMMENT 'Fills campaign_changes from every insert into registrations';

CREATE MATERIALIZED VIEW IF NOT EXISTS changes_of_campaigns_mv TO campaign_changes
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT campaign_id, rand64() AS mark, now64(3, 'UTC') AS changed_at FROM campaigns GROUP BY campaign_id;
ALTER TABLE changes_of_campaigns_mv MODIFY COMMENT 'Fills campaign_changes from every insert into campaigns';

CREATE TABLE IF NOT EXISTS campaign_totals (
    campaign_id               UInt64                          CODEC(ZSTD(1)),
    computed_at               DateTime64(3, 'UTC')            CODEC(ZSTD(1)),
    read_at                   DateTime64(3, 'UTC')            CODEC(ZSTD(1)),
    mark                      UInt64                          CODEC(NONE),
    starts_at                 DateTime64(3, 'UTC')            CODEC(ZSTD(1)),
    campaign                  String                          CODEC(ZSTD(1)),
    sends                     Int64                           CODEC(ZSTD(1)),
    delivered                 Int64                           CODEC(ZSTD(1)),
    opens_total               Int64                           CODEC(ZSTD(1)),
    unique_opens              Int64                           CODEC(ZSTD(1)),
    bot_filtered_unique_opens Int64                           CODEC(ZSTD(1)),
    reliable_unique_opens     Int64                           CODEC(ZSTD(1)),
    mpp_only                  Int64                           CODEC(ZSTD(1)),
    mpp_adjusted_open_rate    Nullable(Float64)               CODEC(ZSTD(1)),
    open_rate_low             Nullable(Float64)               CODEC(ZSTD(1)),
    open_rate_high            Nullable(Float64)               CODEC(ZSTD(1)),
    ci_low                    Nullable(Float64)               CODEC(ZSTD(1)),
    ci_high                   Nullable(Float64)               CODEC(ZSTD(1)),
    first_open_at             Nullable(DateTime64(3, 'UTC'))  CODEC(ZSTD(1)),
    last_open_at              Nullable(DateTime64(3, 'UTC'))  CODEC(ZSTD(1)),
    unregistered_opens_total  Int64                           CODEC(ZSTD(1)),
    unregistered_unique_opens Int64                           CODEC(ZSTD(1)),
    tests                     Int64                           CODEC(ZSTD(1)),
    measured                  Int64                           CODEC(ZSTD(1)),
    measured_share            Nullable(Float64)               CODEC(ZSTD(1)),
    unknown_only              Int64                           CODEC(ZSTD(1)),
    confirmed_unique_opens    Int64                           CODEC(ZSTD(1)),
    bounced                   Int64                           CODEC(ZSTD(1)),
    clicked                   Int64                           CODEC(ZSTD(1)),
    click_rate                Nullable(Float64)               CODEC(ZSTD(1)),
    complained                Int64                           CODEC(ZSTD(1)),
    unsubscribed              Int64                           CODEC(ZSTD(1)),
    replied                   Int64                           CODEC(ZSTD(1)),
    first_reliable_open_at    Nullable(DateTime64(3, 'UTC'))  CODEC(ZSTD(1)),
    last_reliable_open_at     Nullable(DateTime64(3, 'UTC'))  CODEC(ZSTD(1)),
    unplaced                  Int64                           CODEC(ZSTD(1)),
    sends_with_time           Int64                           CODEC(ZSTD(1)),
    first_sent_at             Nullable(DateTime64(3, 'UTC'))  CODEC(ZSTD(1)),
    last_sent_at              Nullable(DateTime64(3, 'UTC'))  CODEC(ZSTD(1)),
    recovered_opens           Int64                           CODEC(ZSTD(1)),
    bounce_rate               Nullable(Float64)               CODEC(ZSTD(1)),
    click_to_open_rate        Nullable(Float64)               CODEC(ZSTD(1)),
    complaint_rate            Nullable(Float64)               CODEC(ZSTD(1)),
    unsubscribe_rate          Nullable(Float64)               CODEC(ZSTD(1)),
    reply_rate                Nullable(Float64)               CODEC(ZSTD(1)),
    classes Array(Tuple(class String, opens_total Int64, unique_opens Int64)) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY campaign_id
SETTINGS index_granularity = 64, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per campaign: the numbers of its report as they were computed last';

CREATE TABLE IF NOT EXISTS campaign_estimate_totals (
    campaign_id   UInt64                CODEC(ZSTD(1)),
    computed_at   DateTime64(3, 'UTC')  CODEC(ZSTD(1)),
    mark          UInt64                CODEC(NONE),
    history_mark  UInt64                CODEC(NONE),
    history_start DateTime64(3, 'UTC')  CODEC(ZSTD(1)),
    estimates Array(Tuple(name String, rate Nullable(Float64), low Nullable(Float64), high Nullable(Float64), n Int64,
        assumption String, weaknesses Array(String))) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY campaign_id
SETTINGS index_granularity = 64, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per campaign: its estimates as they were computed last';
