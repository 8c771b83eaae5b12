-- Purpose: page views of the web pixel and custom events of pages and servers.
-- Grain:   one row per event; an event is a page view where name is empty.
-- Units:   occurred_at is UTC milliseconds: the time at the edge, or the sender's time if it is plausible; visitor is 16 hex
--          digits that hold for one site and UTC day, 0 = not distinguished; header_bits, header_facts and class as in opens.
-- Engine:  ReplacingMergeTree: the same line again is the same row.
-- Key:     (site, name, occurred_at, event_id): all from the line. Months by occurred_at, kept for 13 months.
--
-- site is '' for events of no configured site. campaign_id and message_id are those of the event's token, 0 without a token.
-- certain is 1 if a server with the secret sent the event; any client can send the others.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS web_events (
    site            LowCardinality(String) CODEC(ZSTD(1)),
    name            LowCardinality(String) CODEC(ZSTD(1)),
    occurred_at     DateTime64(3, 'UTC')   CODEC(T64, ZSTD(1)),
    event_id        UInt64                 CODEC(NONE),
    received_at     DateTime64(3, 'UTC')   CODEC(T64, ZSTD(1)),
    page_host       LowCardinality(String) CODEC(ZSTD(1)),
    page_path       String                 CODEC(ZSTD(1)),
    title           String                 CODEC(ZSTD(1)),
    referrer_host   LowCardinality(String) CODEC(ZSTD(1)),
    referrer_path   String                 CODEC(ZSTD(1)),
    utm_source      LowCardinality(String) CODEC(ZSTD(1)),
    utm_medium      LowCardinality(String) CODEC(ZSTD(1)),
    utm_campaign    LowCardinality(String) CODEC(ZSTD(1)),
    utm_term        String                 CODEC(ZSTD(1)),
    utm_content     String                 CODEC(ZSTD(1)),
    visitor         UInt64                 CODEC(NONE),
    properties      String                 CODEC(ZSTD(1)),
    certain         UInt8                  CODEC(ZSTD(1)),
    campaign_id     UInt64                 CODEC(ZSTD(1)),
    message_id      UUID                   CODEC(ZSTD(1)),
    class           Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
                          'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7,
                          'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)),
    reason          LowCardinality(String) CODEC(ZSTD(1)),
    client          LowCardinality(String) CODEC(ZSTD(1)),
    os              LowCardinality(String) CODEC(ZSTD(1)),
    device          LowCardinality(String) CODEC(ZSTD(1)),
    ruleset_version UInt16                 CODEC(ZSTD(1)),
    user_agent      LowCardinality(String) CODEC(ZSTD(1)),
    ip              IPv6                   CODEC(ZSTD(1)),
    network         LowCardinality(String) CODEC(ZSTD(1)),
    as_number       UInt32                 CODEC(ZSTD(1)),
    country         LowCardinality(String) CODEC(ZSTD(1)),
    header_bits     UInt16                 CODEC(ZSTD(1)),
    header_facts    UInt32                 CODEC(ZSTD(1)),
    pop             LowCardinality(String) CODEC(ZSTD(1)),
    source          LowCardinality(String) CODEC(ZSTD(1)),
    extra           String                 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (site, name, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 13 MONTH
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per page view (without a name) or custom event; machines are rows too, by class';
