-- Purpose: the deleted campaigns, so that their later events are not stored.
-- Grain:   one row per deleted campaign.
-- Units:   deleted_at is UTC milliseconds.
-- Engine:  ReplacingMergeTree: the same campaign deleted twice is the same row.
-- Key:     campaign_id, a random number, and the only thing that is kept of the campaign.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS deleted_campaigns (
    campaign_id UInt64               CODEC(NONE),
    deleted_at  DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY campaign_id
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per deleted campaign: its pixels stay in mailboxes, and their fetches are not kept';
