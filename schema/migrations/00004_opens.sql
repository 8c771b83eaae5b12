-- Purpose: every request for a pixel, with its facts and its verdict. The only source of numbers.
-- Grain:   one row per event (one request) and verdict; the row with the highest verdict_version is the event.
-- Units:   opened_at (request, at the edge) and received_at (ingest) are UTC milliseconds; ip is cut to /24 or /48 unless
--          configured otherwise, IPv4 mapped into IPv6, :: = not kept; event_id is the last 64 of the edge's 128 bits.
-- Engine:  ReplacingMergeTree(verdict_version). Ingest writes 65,535 - ruleset_version, so a repeat never changes a
--          verdict; a judgement writes 65,536 + its run, so it always does. Read with FINAL: a verdict may change both ways.
--          An open of the operator's own mail (glint ignore) gets 32,767 - ruleset_version: a repeat takes no counted open back.
-- Key:     (campaign_id, message_id, opened_at, event_id), all four from the edge's line: a line that comes again is the
--          same row. Sorted by message, since every number is per message. Months by opened_at, so that a repeat falls
--          into the partition of its first copy, and FINAL can work on each partition alone.
--
-- Codecs were measured: about 33.5 bytes per open. A class that is missing in the Enum8 fails a whole insert, so a new
-- class needs a migration (the longer Enum8) before its rules go live.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS opens (
    campaign_id       UInt64                 CODEC(ZSTD(1)),
    message_id        UUID                   CODEC(ZSTD(1)),
    opened_at         DateTime64(3, 'UTC')   CODEC(T64, ZSTD(1)),
    event_id          UInt64                 CODEC(NONE),  -- random: does not compress
    received_at       DateTime64(3, 'UTC')   CODEC(T64, ZSTD(1)),
    user_agent        LowCardinality(String) CODEC(ZSTD(1)),
    ip                IPv6                   CODEC(ZSTD(1)),
    network           LowCardinality(String) CODEC(ZSTD(1)),  -- apple_relay, scanner:<name>, hosting, none, unknown
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
    source            LowCardinality(String) CODEC(ZSTD(1)),  -- where the line came from, e.g. edge, replay, import
    extra             String                 CODEC(ZSTD(1))   -- fields of a newer edge, as JSON; mostly empty
)
ENGINE = ReplacingMergeTree(verdict_version)
PARTITION BY toYYYYMM(opened_at)
ORDER BY (campaign_id, message_id, opened_at, event_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000;
