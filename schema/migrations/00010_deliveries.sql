-- Purpose: events of a message other than its opens: sent, delivered, deferred, bounced, complained, clicked, and so on.
-- Grain:   one row per message, kind, time and link; the row with the highest verdict_version is the event.
-- Units:   occurred_at and received_at (ingest) are UTC milliseconds; link_hash identifies the link of a click, 0 = none; ip is cut as
--          in opens, :: = not kept; automatic is 1 for a reply that no person wrote.
-- Engine:  ReplacingMergeTree(verdict_version), with the versions of opens: a repeat never changes a verdict, a judgement does.
-- Key:     (campaign_id, message_id, kind, occurred_at, link_hash): the identity of an event, from the event alone, since providers
--          change their own ids on retries. Months by occurred_at, so that FINAL can work on each partition alone.
--
-- class and reason are the verdict on the client that followed a link, as in opens. bounce_type is the provider's: permanent,
-- transient, undetermined, or empty. A transient bounce is no bounce (Amazon's Transient/General is mostly a reply of absence).
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS deliveries (
    campaign_id     UInt64                 CODEC(ZSTD(1)),
    message_id      UUID                   CODEC(ZSTD(1)),
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
    source          LowCardinality(String) CODEC(ZSTD(1)),  -- where the event came from, e.g. ses, csv
    extra           String                 CODEC(ZSTD(1))   -- further fields of the source, as JSON; mostly empty
)
ENGINE = ReplacingMergeTree(verdict_version)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (campaign_id, message_id, kind, occurred_at, link_hash)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per event of a message that is no open (sent, bounced, clicked and so on); the highest verdict_version counts';
