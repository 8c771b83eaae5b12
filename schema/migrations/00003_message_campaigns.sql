-- Purpose: finds the campaign of a message id, for pixel URLs that carry nothing but the id.
-- Grain:   one row per message and registration; all rows of a message are equal.
-- Units:   none.
-- Engine:  ReplacingMergeTree without a version, since a message id permanently belongs to one campaign. A materialized
--          view fills it from every insert into sends; the insert's deduplication token covers both tables.
-- Key:     message_id. Look-ups come in batches of random ids, each touching another granule: hence small granules
--          (with 1,024 rows a look-up of 10,000 ids is faster than with 8,192, and smaller ones gain nothing more).
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS message_campaigns (
    message_id  UUID   CODEC(NONE),
    campaign_id UInt64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY message_id
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000;

CREATE MATERIALIZED VIEW IF NOT EXISTS message_campaigns_mv TO message_campaigns
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT message_id, campaign_id FROM sends;
