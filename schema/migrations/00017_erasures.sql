-- Purpose: erasures of persons: the rows that are being deleted, and the messages whose later opens are dropped.
-- Grain:   erasing one row per message, recipient or event that is to be deleted; erased_messages per message that was.
-- Units:   message_hash is the first 12 bytes of the SHA-256 of the message id's 16 bytes; erased_at is UTC milliseconds.
-- Engine:  erasing is a MergeTree that is emptied when an erasure ends; erased_messages a ReplacingMergeTree(erased_at).
-- Key:     erasing (recipient_key, campaign_id, message_id); erased_messages message_hash, by which a late open is recognized.
--
-- ClickHouse keeps the text of a mutation in the table's folder, so the statements that delete name nobody: they read the table
-- erasing. Each insert into it is a separate part, which leaves the disk within seconds of the end. A hash does not reveal its message.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS erasing (
    recipient_key UInt128 CODEC(NONE),  -- 0: of a row for a message or event alone
    campaign_id   UInt64  CODEC(ZSTD(1)),
    message_id    UUID    CODEC(NONE),  -- zero: of a row for a recipient or event alone
    event_id      UInt64  CODEC(NONE)   -- of a row of bad_tokens or web_events; 0: none
)
ENGINE = MergeTree
ORDER BY (recipient_key, campaign_id, message_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 0, old_parts_lifetime = 1,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'What an erasure that is under way deletes; empty otherwise';

CREATE TABLE IF NOT EXISTS erased_messages (
    message_hash FixedString(12)      CODEC(NONE),
    erased_at    DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(erased_at)
ORDER BY message_hash
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per message of an erased person, by its hash: later opens of it are dropped';
