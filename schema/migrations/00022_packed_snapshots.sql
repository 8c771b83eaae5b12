-- Purpose: the numbers of a snapshot in three more columns, from which a report is read in milliseconds, and the size of the account.
-- Grain:   as in campaign_totals: one row per campaign.
-- Units:   as in the columns that they repeat: counts, fractions of 1, UTC milliseconds; account_rows counts messages and opens.
-- Engine:  none: columns that ClickHouse computes with each row, and of older rows when they are read.
-- Key:     as before.
--
-- ClickHouse takes longer to plan the reading of forty columns than to read them. The order is that of the view snapshot_numbers.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE campaign_totals
    ADD COLUMN IF NOT EXISTS counts Array(Int64) MATERIALIZED [sends, delivered, opens_total, unique_opens, bot_filtered_unique_opens,
        reliable_unique_opens, mpp_only, unregistered_opens_total, unregistered_unique_opens, tests, measured, unknown_only,
        confirmed_unique_opens, bounced, clicked, complained, unsubscribed, replied, unplaced, sends_with_time, recovered_opens] CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS rates Array(Nullable(Float64)) MATERIALIZED [mpp_adjusted_open_rate, open_rate_low, open_rate_high, ci_low,
        ci_high, measured_share, click_rate, bounce_rate, click_to_open_rate, complaint_rate, unsubscribe_rate, reply_rate] CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS times Array(Nullable(DateTime64(3, 'UTC'))) MATERIALIZED [first_open_at, last_open_at, first_reliable_open_at,
        last_reliable_open_at, last_sent_at] CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS account_rows Int64 CODEC(ZSTD(1)) AFTER classes;
