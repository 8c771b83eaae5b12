-- Purpose: stores with an open the date of the list that gave its network, if a list and not a CDN names networks.
-- Grain:   unchanged: one column more.
-- Units:   day, UTC; 1970-01-01 = no list gave anything, or the line has none.
-- Engine:  unchanged. The column is not in the key: a line that comes again has the same date.
--
-- Behind a CDN the column is constant and takes next to nothing. unresolved_opens has the columns of opens in their order.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE opens ADD COLUMN IF NOT EXISTS network_list_date Date CODEC(ZSTD(1)) AFTER network;
ALTER TABLE unresolved_opens ADD COLUMN IF NOT EXISTS network_list_date Date CODEC(ZSTD(1)) AFTER network;
