-- Purpose: opens of plain-UUID pixel URLs whose message is not registered yet. They move into opens once it is.
-- Grain:   one row per event and step; the row with the highest step is the event.
-- Units:   as in opens; moved is 0 while the event waits, 1 once it is in opens.
-- Engine:  ReplacingMergeTree(step): an event is marked as moved by writing its row again, not by deleting it, so that
--          neither a repeat of its line nor a move that was cut off in the middle can lose it or bring it back. Of rows
--          that wait, the one with the highest verdict_version stays, as in opens: a repeat never changes a verdict.
-- Key:     (message_id, opened_at, event_id): a move looks for messages. No partitions, so that FINAL sees both steps.
--
-- The columns are the same as in opens, in the same order, with moved in the place of campaign_id at the end: a move copies
-- them as they are. A new column of opens is added here as well. Any client can invent a UUID, so ingest stops writing
-- here at a cap, and rows live for 30 days.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS unresolved_opens (
    message_id        UUID                   CODEC(ZSTD(1)),
    opened_at         DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    event_id          UInt64                 CODEC(NONE),  -- random: does not compress
    received_at       DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    user_agent        LowCardinality(String) CODEC(ZSTD(1)),
    ip                IPv6                   CODEC(ZSTD(1)),
    network           LowCardinality(String) CODEC(ZSTD(1)),
    as_number         UInt32                 CODEC(ZSTD(1)),
    country           LowCardinality(String) CODEC(ZSTD(1)),
    region            LowCardinality(String) CODEC(ZSTD(1)),
    proxy_type        LowCardinality(String) CODEC(ZSTD(1)),
    proxy_description LowCardinality(String) CODEC(ZSTD(1)),
    method            LowCardinality(String) CODEC(ZSTD(1)),
    header_bits       UInt16                 CODEC(ZSTD(1)),
    referer_host      LowCardinality(String) CODEC(ZSTD(1)),
    token_status      Enum8('unchecked' = 0, 'valid' = 1, 'bad' = 2) CODEC(ZSTD(1)),
    class             Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
                            'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7,
                            'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)),
    reason            LowCardinality(String) CODEC(ZSTD(1)),
    client            LowCardinality(String) CODEC(ZSTD(1)),
    ruleset_version   UInt16                 CODEC(ZSTD(1)),
    verdict_version   UInt32                 CODEC(ZSTD(1)),
    pop               LowCardinality(String) CODEC(ZSTD(1)),
    source            LowCardinality(String) CODEC(ZSTD(1)),
    extra             String                 CODEC(ZSTD(1)),
    moved             UInt8                  CODEC(ZSTD(1)),
    step              UInt64 MATERIALIZED bitOr(bitShiftLeft(toUInt64(moved), 32), verdict_version) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(step)
ORDER BY (message_id, opened_at, event_id)
TTL toDateTime(received_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000;
