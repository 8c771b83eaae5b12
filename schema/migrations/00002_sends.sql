-- Purpose: the messages that were registered. They are the denominator of every rate.
-- Grain:   one row per message and registration; the row with the latest registered_at is the message.
-- Units:   sent_at and delivered_at are UTC seconds, 0 = not known (a NULL would cost a second file for the same
--          information); registered_at is UTC milliseconds; sequence counts single sends to one recipient, 0 = the first.
-- Engine:  ReplacingMergeTree(registered_at): registering the same file again replaces rows by equal ones, and a later
--          row changes the state of a message. Readers take the latest row, merged or not.
-- Key:     (campaign_id, message_id): a report reads one range; a message is found within its campaign. A UUID sorts
--          oddly in ClickHouse, which is harmless behind campaign_id, where it is only compared for equality.
--
-- state is 'registered' (nothing else is known), 'delivered' or 'bounced'. Views only ask whether it is 'bounced'.
-- The recipient is stored nowhere else.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS sends (
    campaign_id   UInt64                 CODEC(ZSTD(1)),
    message_id    UUID                   CODEC(NONE),      -- derived from an HMAC: does not compress
    recipient     String                 CODEC(ZSTD(1)),
    sequence      UInt32                 CODEC(ZSTD(1)),
    sent_at       DateTime('UTC')        CODEC(ZSTD(1)),
    delivered_at  DateTime('UTC')        CODEC(ZSTD(1)),
    state         LowCardinality(String) DEFAULT 'registered' CODEC(ZSTD(1)),
    registered_at DateTime64(3, 'UTC')   DEFAULT now64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(registered_at)
ORDER BY (campaign_id, message_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000;
