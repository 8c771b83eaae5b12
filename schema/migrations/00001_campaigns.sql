-- Purpose: the campaigns that were registered, with their names and the secret key of their message ids.
-- Grain:   one row per campaign and change; the row with the latest updated_at is the campaign.
-- Units:   created_at and updated_at are UTC milliseconds; id_key is 32 raw bytes.
-- Engine:  ReplacingMergeTree(updated_at), so that a new name, or an id_key overwritten with zeros, replaces the old row.
-- Key:     campaign_id. The table is small and is read whole to resolve a name.
--
-- One name means one campaign. Two writers who race may still give it to two ids; every reader then takes the
-- oldest, by created_at and then by campaign_id. id_key is in no view: forgetting it unlinks message ids from recipients.
-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS campaigns (
    campaign_id UInt64,
    name        String,
    created_at  DateTime64(3, 'UTC'),
    id_key      FixedString(32),
    updated_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY campaign_id
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000;
