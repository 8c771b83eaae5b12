-- Purpose: the latest computed breakdowns of each large campaign: its opens over time, the time to open, and its opens by client, country and so on.
-- Grain:   one row per campaign.
-- Units:   those of the views opens_by_quarter_hour, time_to_open and opens_by_dimension, whose rows are lists here; mark as in campaign_totals;
--          campaign_rows counts messages and opens.
-- Engine:  ReplacingMergeTree(computed_at): the last snapshot holds.
-- Key:     campaign_id.
--
-- A snapshot is one row, so that a reader never sees parts of two. Small campaigns have none: their breakdowns are computed when asked for.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS campaign_breakdowns (
    campaign_id   UInt64                         CODEC(ZSTD(1)),
    computed_at   DateTime64(3, 'UTC')           CODEC(ZSTD(1)),
    read_at       DateTime64(3, 'UTC')           CODEC(ZSTD(1)),
    mark          UInt64                         CODEC(NONE),
    campaign_rows Int64                          CODEC(ZSTD(1)),
    first_sent_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    quarter_hours Array(Tuple(quarter_hour DateTime('UTC'), opens_total Int64, unique_opens Int64, reliable_unique_opens Int64)) CODEC(ZSTD(1)),
    delays Array(Tuple(from_minutes Nullable(Int64), to_minutes Nullable(Int64), messages Int64)) CODEC(ZSTD(1)),
    dimensions Array(Tuple(dimension String, value String, unique_opens Int64, reliable_unique_opens Int64)) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY campaign_id
SETTINGS index_granularity = 64, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per large campaign: its breakdowns as they were computed last';
