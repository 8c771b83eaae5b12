-- Purpose: requests whose token no key verifies: forgeries, scans, truncated URLs, or tokens of a missing key.
-- Grain:   one row per event. Never part of any number.
-- Units:   as in opens; fault is the fault of the token, token_status the edge's verdict on it.
-- Engine:  ReplacingMergeTree: the same line again is the same row.
-- Key:     (opened_at, event_id), both from the edge's line; they are read by time.
--
-- Any client can invent a token, so ingest stops writing here at a cap (it still counts), and rows live for 7 days.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS bad_tokens (
    opened_at    DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    event_id     UInt64                 CODEC(NONE),
    received_at  DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    fault        LowCardinality(String) CODEC(ZSTD(1)),
    token_status LowCardinality(String) CODEC(ZSTD(1)),
    token        String                 CODEC(ZSTD(1)),
    method       LowCardinality(String) CODEC(ZSTD(1)),
    user_agent   LowCardinality(String) CODEC(ZSTD(1)),
    ip           IPv6                   CODEC(ZSTD(1)),
    network      LowCardinality(String) CODEC(ZSTD(1)),
    as_number    UInt32                 CODEC(ZSTD(1)),
    country      LowCardinality(String) CODEC(ZSTD(1)),
    pop          LowCardinality(String) CODEC(ZSTD(1)),
    source       LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (opened_at, event_id)
TTL toDateTime(received_at) + INTERVAL 7 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000;
