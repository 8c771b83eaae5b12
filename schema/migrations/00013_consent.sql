-- Purpose: choices of recipients and what follows from them: the ledger, withdrawals, strata, and opens that belong to no message.
-- Grain:   consents one row per recorded choice; withdrawals per recipient and change; strata per stratum; aggregate_opens per event.
-- Units:   decided_at, recorded_at and changed_at are UTC milliseconds; opened_hour is UTC, cut to the hour; hashes are SHA-256 in hex.
-- Engine:  consents is a MergeTree: nothing is ever replaced in it. The others replace by equal keys: withdrawals by changed_at,
--          aggregate_opens by verdict_version as opens does, so that a repeat of a line changes no count.
-- Key:     consents (node, sequence), the order of the hash chain; withdrawals (recipient_key, message_id);
--          aggregate_opens (campaign_id, stratum_id, opened_hour, event_id): without the message nothing else is left.
--
-- consents: hash covers all other columns of its row and, by previous_hash, all rows of the node before it: package ingest/consent.
-- The choice of a recipient is the row with the latest decided_at, at equal times the most refusing one; never the latest record.
-- withdrawals: message_id 0 stands for all messages of the recipient. fate is what becomes of opens: keep (withdrawn no more),
-- count (aggregate), anonymous (aggregate, with the client), drop.
-- aggregate_opens: stratum_id 0 holds opens of messages whose recipient has withdrawn; campaign_id 0 events of which nothing may be
-- kept but that they came, so that an audit finds them. Neither address nor user agent nor any time finer than the hour comes in.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS consents (
    node          String                 CODEC(ZSTD(1)),
    sequence      UInt64                 CODEC(ZSTD(1)),
    recipient_key UInt128                CODEC(NONE),
    purpose       LowCardinality(String) CODEC(ZSTD(1)),
    choice        Enum8('unknown' = 0, 'agreed' = 1, 'refused' = 2, 'withdrawn' = 3) CODEC(ZSTD(1)),
    decided_at    DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    recorded_at   DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    method        LowCardinality(String) CODEC(ZSTD(1)),
    text_hash     LowCardinality(String) CODEC(ZSTD(1)),
    text_version  LowCardinality(String) CODEC(ZSTD(1)),
    previous_hash String                 CODEC(ZSTD(1)),
    hash          String                 CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (node, sequence)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per recorded choice of a recipient; only ever appended to, each node with a hash chain';

CREATE TABLE IF NOT EXISTS withdrawals (
    recipient_key UInt128              CODEC(NONE),
    message_id    UUID                 CODEC(ZSTD(1)),
    fate          Enum8('keep' = 0, 'count' = 1, 'anonymous' = 2, 'drop' = 3) CODEC(ZSTD(1)),
    changed_at    DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (recipient_key, message_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per recipient (or message) whose opens may not be kept, and change; the latest changed_at holds';

CREATE TABLE IF NOT EXISTS strata (
    campaign_id UInt64                 CODEC(ZSTD(1)),
    stratum_id  UUID                   CODEC(NONE),
    dimension   LowCardinality(String) CODEC(ZSTD(1)),
    stratum     String                 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign_id, stratum_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per stratum of a campaign whose recipients share one pixel URL';

CREATE TABLE IF NOT EXISTS aggregate_opens (
    campaign_id     UInt64                 CODEC(ZSTD(1)),
    stratum_id      UUID                   CODEC(ZSTD(1)),
    opened_hour     DateTime('UTC')        CODEC(ZSTD(1)),
    event_id        UInt64                 CODEC(NONE),
    class           Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
                          'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7,
                          'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)),
    reason          LowCardinality(String) CODEC(ZSTD(1)),
    client          LowCardinality(String) CODEC(ZSTD(1)),  -- of anonymous ones only, as os, device and country
    os              LowCardinality(String) CODEC(ZSTD(1)),
    device          LowCardinality(String) CODEC(ZSTD(1)),
    country         LowCardinality(String) CODEC(ZSTD(1)),
    reduced_by      Enum8('ingest' = 0, 'edge' = 1) CODEC(ZSTD(1)),  -- who left out what may not be kept
    ruleset_version UInt16                 CODEC(ZSTD(1)),
    verdict_version UInt32                 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(verdict_version)
PARTITION BY toYYYYMM(opened_hour)
ORDER BY (campaign_id, stratum_id, opened_hour, event_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per open that belongs to a campaign or stratum and to no message; counted in views only';

ALTER TABLE sends ADD COLUMN IF NOT EXISTS stratum LowCardinality(String) CODEC(ZSTD(1)) AFTER registration;
