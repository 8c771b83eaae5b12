-- Purpose: events of messages that are not registered yet; they move to deliveries once they are.
-- Grain:   one row per message (or campaign and recipient), kind, time and link, and whether it was moved.
-- Units:   as in deliveries. Either message_id is known, or campaign (its name) and recipient_key are; the others are empty.
--          moved is 0 while the event waits, 1 once it is in deliveries.
-- Engine:  ReplacingMergeTree(step), as unresolved_opens: an event is marked as moved by writing its row again.
-- Key:     what identifies an event here; no partitions, so that FINAL sees both steps.
--
-- A recipient is stored as the keyed hash of migration 9, never as an address. The columns are those of deliveries except
-- campaign_id, which the view resolvable_deliveries adds. Only a caller with a token or secret writes here; rows live for 30 days.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS unresolved_deliveries (
    message_id      UUID                   CODEC(ZSTD(1)),
    campaign        LowCardinality(String) CODEC(ZSTD(1)),
    recipient_key   UInt128                CODEC(ZSTD(1)),
    kind            Enum8('sent' = 1, 'delivered' = 2, 'deferred' = 3, 'bounced' = 4, 'complained' = 5, 'clicked' = 6,
                          'unsubscribed' = 7, 'replied' = 8, 'converted' = 9) CODEC(ZSTD(1)),
    occurred_at     DateTime64(3, 'UTC')   CODEC(T64, ZSTD(1)),
    link_hash       UInt64                 CODEC(ZSTD(1)),
    received_at     DateTime64(3, 'UTC')   CODEC(T64, ZSTD(1)),
    class           Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
                          'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7,
                          'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)),
    reason          LowCardinality(String) CODEC(ZSTD(1)),
    verdict_version UInt32                 CODEC(ZSTD(1)),
    ruleset_version UInt16                 CODEC(ZSTD(1)),
    user_agent      LowCardinality(String) CODEC(ZSTD(1)),
    ip              IPv6                   CODEC(ZSTD(1)),
    network         LowCardinality(String) CODEC(ZSTD(1)),
    as_number       UInt32                 CODEC(ZSTD(1)),
    country         LowCardinality(String) CODEC(ZSTD(1)),
    url             String                 CODEC(ZSTD(1)),
    bounce_type     LowCardinality(String) CODEC(ZSTD(1)),
    automatic       UInt8                  CODEC(ZSTD(1)),
    source          LowCardinality(String) CODEC(ZSTD(1)),
    extra           String                 CODEC(ZSTD(1)),
    moved           UInt8                  CODEC(ZSTD(1)),
    step            UInt64 MATERIALIZED bitOr(bitShiftLeft(toUInt64(moved), 32), verdict_version) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(step)
ORDER BY (message_id, campaign, recipient_key, kind, occurred_at, link_hash)
TTL toDateTime(received_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'Events of messages that are not registered yet, kept for 30 days; moved = 1 once the event is in deliveries';
