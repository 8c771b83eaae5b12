-- Purpose: the columns that a run of judge or reclassify adds to a row: the verdict on the request alone, and the one before the run.
-- Grain:   unchanged; judgements has one row per run and step, the highest step is its state.
-- Units:   judged_run counts runs from 1, 0 = no run has changed the row; times are UTC milliseconds, 1970-01-01 = not yet.
-- Engine:  unchanged. judgements replaces by step.
-- Key:     of judgements (run, claim): two programs that take the same number see each other, and both give it up.
--
-- class and reason are the latest verdict. A run writes rows of a higher verdict_version, one by one, while nobody sees them: the
-- views judged_opens and judged_deliveries show class_before and reason_before until judgements says that the run is applied,
-- which is one row. So each query sees all of a run, over all months and both tables, or nothing of it. Rows of a run that was
-- cut off are restored by the next one before it begins.
--
-- request_class and request_reason are the verdict of the rules of edge/classify on the request alone, where class and reason
-- may be more (a burst, an open before its delivery); judged_run 0: they are class and reason. rest_before has the other columns
-- that a run changes, separated by tabs: request_class as number, request_reason, client, client_vendor, os, device, ruleset_version.
-- unresolved_opens has the columns of opens in their order. Rows that no run has changed pay nothing.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE opens
    ADD COLUMN IF NOT EXISTS judged_run UInt32 CODEC(ZSTD(1)) AFTER verdict_version,
    ADD COLUMN IF NOT EXISTS request_class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
        'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)) AFTER judged_run,
    ADD COLUMN IF NOT EXISTS request_reason LowCardinality(String) CODEC(ZSTD(1)) AFTER request_class,
    ADD COLUMN IF NOT EXISTS class_before Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
        'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)) AFTER request_reason,
    ADD COLUMN IF NOT EXISTS reason_before LowCardinality(String) CODEC(ZSTD(1)) AFTER class_before,
    ADD COLUMN IF NOT EXISTS rest_before LowCardinality(String) CODEC(ZSTD(1)) AFTER reason_before;

ALTER TABLE unresolved_opens
    ADD COLUMN IF NOT EXISTS judged_run UInt32 CODEC(ZSTD(1)) AFTER verdict_version,
    ADD COLUMN IF NOT EXISTS request_class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
        'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)) AFTER judged_run,
    ADD COLUMN IF NOT EXISTS request_reason LowCardinality(String) CODEC(ZSTD(1)) AFTER request_class,
    ADD COLUMN IF NOT EXISTS class_before Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
        'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)) AFTER request_reason,
    ADD COLUMN IF NOT EXISTS reason_before LowCardinality(String) CODEC(ZSTD(1)) AFTER class_before,
    ADD COLUMN IF NOT EXISTS rest_before LowCardinality(String) CODEC(ZSTD(1)) AFTER reason_before;

ALTER TABLE deliveries
    ADD COLUMN IF NOT EXISTS judged_run UInt32 CODEC(ZSTD(1)) AFTER verdict_version,
    ADD COLUMN IF NOT EXISTS request_class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
        'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)) AFTER judged_run,
    ADD COLUMN IF NOT EXISTS request_reason LowCardinality(String) CODEC(ZSTD(1)) AFTER request_class,
    ADD COLUMN IF NOT EXISTS class_before Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3,
        'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) CODEC(ZSTD(1)) AFTER request_reason,
    ADD COLUMN IF NOT EXISTS reason_before LowCardinality(String) CODEC(ZSTD(1)) AFTER class_before,
    ADD COLUMN IF NOT EXISTS rest_before LowCardinality(String) CODEC(ZSTD(1)) AFTER reason_before;

CREATE TABLE IF NOT EXISTS judgements (
    run             UInt32               CODEC(ZSTD(1)),
    claim           UInt64               CODEC(NONE),      -- random: identifies the program that took the number
    step            UInt32               CODEC(ZSTD(1)),
    kind            Enum8('judge' = 1, 'reclassify' = 2) CODEC(ZSTD(1)),
    state           Enum8('started' = 1, 'applied' = 2, 'abandoned' = 3) CODEC(ZSTD(1)),
    started_at      DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    touched_at      DateTime64(3, 'UTC') CODEC(ZSTD(1)),   -- the run was alive
    applied_at      DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    opened_since    DateTime64(3, 'UTC') CODEC(ZSTD(1)),   -- opens before it were not judged
    ruleset_version UInt16               CODEC(ZSTD(1)),
    opens_read      UInt64               CODEC(ZSTD(1)),
    opens_changed   UInt64               CODEC(ZSTD(1)),
    opens_expired   UInt64               CODEC(ZSTD(1)),   -- their facts are gone: they keep their verdict
    opens_ignored   UInt64               CODEC(ZSTD(1)),   -- the operator's own mail: they keep their verdict
    clicks_changed  UInt64               CODEC(ZSTD(1)),
    settings        String               CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(step)
ORDER BY (run, claim)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per run of judge or reclassify and step; the highest step is its state. A run shows once it is applied';
