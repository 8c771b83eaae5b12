-- Purpose: the vendor, system and device of the program that fetched a pixel, beside its name in opens.client.
-- Grain:   unchanged: three columns more.
-- Units:   names of closed sets (edge/classify): client_vendor as `Apple`; os as `Windows`; device is desktop, phone, tablet, tv,
--          console, car or watch. `unknown`: the request does not show it; `none`: a machine; `unknown behind Gmail`: hidden by a mail
--          provider's proxy. Empty: the row was stored before these columns were.
-- Engine:  unchanged. The columns are in no key, so rows need not be written again.
--
-- Measured over 2.2 million opens of real user agents, merged: client_vendor 0.23, os 0.27, device 0.26 bytes per open; the
-- whole table stays below 34. unresolved_opens has the columns of opens in their order.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE opens
    ADD COLUMN IF NOT EXISTS client_vendor LowCardinality(String) CODEC(ZSTD(1)) AFTER client,
    ADD COLUMN IF NOT EXISTS os LowCardinality(String) CODEC(ZSTD(1)) AFTER client_vendor,
    ADD COLUMN IF NOT EXISTS device LowCardinality(String) CODEC(ZSTD(1)) AFTER os;
ALTER TABLE unresolved_opens
    ADD COLUMN IF NOT EXISTS client_vendor LowCardinality(String) CODEC(ZSTD(1)) AFTER client,
    ADD COLUMN IF NOT EXISTS os LowCardinality(String) CODEC(ZSTD(1)) AFTER client_vendor,
    ADD COLUMN IF NOT EXISTS device LowCardinality(String) CODEC(ZSTD(1)) AFTER os;
