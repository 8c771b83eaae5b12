-- Purpose: the date on which a recipient last opened a message of the mode last_open, and nothing else of those opens.
-- Grain:   one row per recipient and date until merged; the latest date is the recipient's.
-- Units:   opened_on is a day in UTC.
-- Engine:  ReplacingMergeTree(opened_on): a later date replaces an earlier one, in whatever order they arrive, so that a replay changes
--          nothing. Rows that are replaced are merged away, and their parts removed, within minutes: package warehouse, TidyLastOpens.
-- Key:     recipient_key.
--
-- A date only moves forward: no later judgement moves it back. The table has neither campaign nor message, and only the warehouse
-- user may read it.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS last_opens (
    recipient_key UInt128 CODEC(NONE),
    opened_on     Date    CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(opened_on)
ORDER BY recipient_key
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 0, old_parts_lifetime = 10,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per recipient who opened a message of the mode last_open: the date of the last open by a person, and nothing else';
