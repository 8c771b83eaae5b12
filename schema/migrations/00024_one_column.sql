-- Purpose: the numbers of a snapshot in one column, which takes the place of the three of migration 22.
-- Grain:   as in campaign_totals: one row per campaign.
-- Units:   as in the columns that it repeats: counts, fractions of 1; times are Unix milliseconds.
-- Engine:  none: a column that ClickHouse computes with each row, and of older rows when they are read.
-- Key:     as before.
--
-- ClickHouse takes longer to plan the reading of ten columns than to read them. The order is that of the view snapshot_numbers.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE campaign_totals
    ADD COLUMN IF NOT EXISTS numbers String MATERIALIZED toJSONString((
        campaign,
        [sends, delivered, opens_total, unique_opens, bot_filtered_unique_opens, reliable_unique_opens, mpp_only, unregistered_opens_total,
            unregistered_unique_opens, tests, measured, unknown_only, confirmed_unique_opens, bounced, clicked, complained, unsubscribed, replied,
            unplaced, sends_with_time, recovered_opens, account_rows],
        [mpp_adjusted_open_rate, open_rate_low, open_rate_high, ci_low, ci_high, measured_share, click_rate, bounce_rate, click_to_open_rate,
            complaint_rate, unsubscribe_rate, reply_rate],
        arrayMap(t -> toUnixTimestamp64Milli(t), [first_open_at, last_open_at, first_reliable_open_at, last_reliable_open_at, last_sent_at,
            computed_at, read_at]),
        arrayMap(c -> c.1, classes), arrayMap(c -> c.2, classes), arrayMap(c -> c.3, classes),
        toString(mark))) CODEC(ZSTD(1));
ALTER TABLE campaign_totals
    DROP COLUMN IF EXISTS counts,
    DROP COLUMN IF EXISTS rates,
    DROP COLUMN IF EXISTS times;
