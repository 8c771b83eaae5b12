-- Purpose: a column for every fact of a line, for what is known of a message, and for the registration that it came with.
-- Grain:   unchanged; of the new tables one row per registration, signing key, message of a recipient; one recipient_secret.
-- Units:   issued_at is UTC seconds, 0 = no token; key_id 0 = no token; sandbox_request counts from 1, 0 = not known;
--          header_facts are bits of edge/classify; other times are UTC milliseconds, 1970-01-01 = not yet.
-- Engine:  unchanged. registrations replaces by step, the others hold equal rows. No key of an old table changes but the
--          sorting key of message_campaigns, by a new column at its end.
--
-- recipient_key is HMAC-SHA256 of the normalized recipient, its first 16 bytes read as a little-endian number. Its key is made
-- by the program that migrates, once for each database, and kept in recipient_secret as the two blocks that HMAC begins with:
-- so ClickHouse computes the same value, for rows that an older program has written, as the program does for new ones:
--     SHA256(outer_pad || SHA256(inner_pad || recipient))
-- One recipient has one key in all campaigns of a database; without recipient_secret, which is in no view, no address can be
-- tried against it. 0 = not computed yet: see queries/fill_recipient_keys.sql.
--
-- registration 0 marks a row that needs no registration: from before there were registrations, or inserted in a single block.
-- Any other counts once registrations says that it is complete. A row without url_style is from before styles were kept, and
-- its message counts under both forms of a URL. tracking may only grow: from identified to off.
-- The columns of opens add 2.8 bytes to an open (BenchmarkBytesPerOpen): sandbox_request and header_facts 0.8 each, ja4 0.6.
-- Two defaults of now64() go, since it differs between tries and replicas: every row brings its own time, or is the oldest.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE opens
    ADD COLUMN IF NOT EXISTS time_suspect Enum8('none' = 0, 'before_token' = 1, 'after_receipt' = 2) CODEC(ZSTD(1)) AFTER received_at,
    ADD COLUMN IF NOT EXISTS connection_type LowCardinality(String) CODEC(ZSTD(1)) AFTER region,
    ADD COLUMN IF NOT EXISTS bot_detection LowCardinality(String) CODEC(ZSTD(1)) AFTER proxy_description,
    ADD COLUMN IF NOT EXISTS bot_name LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_detection,
    ADD COLUMN IF NOT EXISTS bot_category LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_name,
    ADD COLUMN IF NOT EXISTS protocol LowCardinality(String) CODEC(ZSTD(1)) AFTER method,
    ADD COLUMN IF NOT EXISTS ja4 LowCardinality(String) CODEC(ZSTD(1)) AFTER protocol,
    ADD COLUMN IF NOT EXISTS header_facts UInt32 CODEC(ZSTD(1)) AFTER header_bits,
    ADD COLUMN IF NOT EXISTS path String CODEC(ZSTD(1)) AFTER token_status,
    ADD COLUMN IF NOT EXISTS key_id UInt8 CODEC(ZSTD(1)) AFTER path,
    ADD COLUMN IF NOT EXISTS issued_at DateTime('UTC') CODEC(ZSTD(1)) AFTER key_id,
    ADD COLUMN IF NOT EXISTS edge LowCardinality(String) CODEC(ZSTD(1)) AFTER verdict_version,
    ADD COLUMN IF NOT EXISTS service_version LowCardinality(String) CODEC(ZSTD(1)) AFTER pop,
    ADD COLUMN IF NOT EXISTS sandbox_request UInt32 CODEC(T64, ZSTD(1)) AFTER service_version,
    MODIFY COMMENT 'One row per event (one request for a pixel) and verdict; the highest verdict_version counts. The only source of numbers';

ALTER TABLE unresolved_opens
    ADD COLUMN IF NOT EXISTS time_suspect Enum8('none' = 0, 'before_token' = 1, 'after_receipt' = 2) CODEC(ZSTD(1)) AFTER received_at,
    ADD COLUMN IF NOT EXISTS connection_type LowCardinality(String) CODEC(ZSTD(1)) AFTER region,
    ADD COLUMN IF NOT EXISTS bot_detection LowCardinality(String) CODEC(ZSTD(1)) AFTER proxy_description,
    ADD COLUMN IF NOT EXISTS bot_name LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_detection,
    ADD COLUMN IF NOT EXISTS bot_category LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_name,
    ADD COLUMN IF NOT EXISTS protocol LowCardinality(String) CODEC(ZSTD(1)) AFTER method,
    ADD COLUMN IF NOT EXISTS ja4 LowCardinality(String) CODEC(ZSTD(1)) AFTER protocol,
    ADD COLUMN IF NOT EXISTS header_facts UInt32 CODEC(ZSTD(1)) AFTER header_bits,
    ADD COLUMN IF NOT EXISTS path String CODEC(ZSTD(1)) AFTER token_status,
    ADD COLUMN IF NOT EXISTS key_id UInt8 CODEC(ZSTD(1)) AFTER path,
    ADD COLUMN IF NOT EXISTS issued_at DateTime('UTC') CODEC(ZSTD(1)) AFTER key_id,
    ADD COLUMN IF NOT EXISTS edge LowCardinality(String) CODEC(ZSTD(1)) AFTER verdict_version,
    ADD COLUMN IF NOT EXISTS service_version LowCardinality(String) CODEC(ZSTD(1)) AFTER pop,
    ADD COLUMN IF NOT EXISTS sandbox_request UInt32 CODEC(T64, ZSTD(1)) AFTER service_version,
    MODIFY COMMENT 'Opens of bare message ids that are not registered yet, kept for 30 days; moved = 1 once the event is in opens';

-- What a line brings, so that its token can be tried again and the event judged once its key is there.
ALTER TABLE bad_tokens
    ADD COLUMN IF NOT EXISTS path String CODEC(ZSTD(1)) AFTER token,
    ADD COLUMN IF NOT EXISTS key_id UInt8 CODEC(ZSTD(1)) AFTER path,
    ADD COLUMN IF NOT EXISTS issued_at DateTime('UTC') CODEC(ZSTD(1)) AFTER key_id,
    ADD COLUMN IF NOT EXISTS named_campaign_id UInt64 CODEC(ZSTD(1)) AFTER issued_at,
    ADD COLUMN IF NOT EXISTS time_suspect Enum8('none' = 0, 'before_token' = 1, 'after_receipt' = 2) CODEC(ZSTD(1)) AFTER received_at,
    ADD COLUMN IF NOT EXISTS protocol LowCardinality(String) CODEC(ZSTD(1)) AFTER method,
    ADD COLUMN IF NOT EXISTS ja4 LowCardinality(String) CODEC(ZSTD(1)) AFTER protocol,
    ADD COLUMN IF NOT EXISTS header_bits UInt16 CODEC(ZSTD(1)) AFTER ja4,
    ADD COLUMN IF NOT EXISTS header_facts UInt32 CODEC(ZSTD(1)) AFTER header_bits,
    ADD COLUMN IF NOT EXISTS referer_host LowCardinality(String) CODEC(ZSTD(1)) AFTER header_facts,
    ADD COLUMN IF NOT EXISTS network_list_date Date CODEC(ZSTD(1)) AFTER network,
    ADD COLUMN IF NOT EXISTS region LowCardinality(String) CODEC(ZSTD(1)) AFTER country,
    ADD COLUMN IF NOT EXISTS connection_type LowCardinality(String) CODEC(ZSTD(1)) AFTER region,
    ADD COLUMN IF NOT EXISTS proxy_type LowCardinality(String) CODEC(ZSTD(1)) AFTER connection_type,
    ADD COLUMN IF NOT EXISTS proxy_description LowCardinality(String) CODEC(ZSTD(1)) AFTER proxy_type,
    ADD COLUMN IF NOT EXISTS bot_detection LowCardinality(String) CODEC(ZSTD(1)) AFTER proxy_description,
    ADD COLUMN IF NOT EXISTS bot_name LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_detection,
    ADD COLUMN IF NOT EXISTS bot_category LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_name,
    ADD COLUMN IF NOT EXISTS edge LowCardinality(String) CODEC(ZSTD(1)) AFTER bot_category,
    ADD COLUMN IF NOT EXISTS service_version LowCardinality(String) CODEC(ZSTD(1)) AFTER pop,
    ADD COLUMN IF NOT EXISTS sandbox_request UInt32 CODEC(T64, ZSTD(1)) AFTER service_version,
    ADD COLUMN IF NOT EXISTS extra String CODEC(ZSTD(1)) AFTER source,
    ADD COLUMN IF NOT EXISTS moved UInt8 CODEC(ZSTD(1)) AFTER extra,
    MODIFY COMMENT 'Requests whose token no key has signed, kept for 7 days; moved = 1 once a key was found and the event is in opens';

ALTER TABLE sends
    ADD COLUMN IF NOT EXISTS recipient_key UInt128 CODEC(NONE) AFTER recipient,
    ADD COLUMN IF NOT EXISTS domain LowCardinality(String) CODEC(ZSTD(1)) AFTER recipient_key,
    ADD COLUMN IF NOT EXISTS tracking Enum8('identified' = 0, 'pseudonymous' = 1, 'last_open' = 2, 'aggregate' = 3, 'off' = 4)
        CODEC(ZSTD(1)) AFTER state,
    ADD COLUMN IF NOT EXISTS test UInt8 CODEC(ZSTD(1)) AFTER tracking,
    ADD COLUMN IF NOT EXISTS url_style LowCardinality(String) CODEC(ZSTD(1)) AFTER test,
    ADD COLUMN IF NOT EXISTS attributes Map(String, String) CODEC(ZSTD(1)) AFTER url_style,
    ADD COLUMN IF NOT EXISTS registration UInt64 CODEC(ZSTD(1)) AFTER attributes,
    MODIFY COMMENT 'One row per message and registration; the latest registered_at is the message. Counted once its registration is complete';
ALTER TABLE sends MODIFY COLUMN registered_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC') CODEC(ZSTD(1));

ALTER TABLE campaigns
    ADD COLUMN IF NOT EXISTS subject String AFTER name,
    ADD COLUMN IF NOT EXISTS variant String AFTER subject,
    ADD COLUMN IF NOT EXISTS tracking Enum8('identified' = 0, 'pseudonymous' = 1, 'last_open' = 2, 'aggregate' = 3, 'off' = 4) AFTER variant,
    ADD COLUMN IF NOT EXISTS archived UInt8 AFTER tracking,
    ADD COLUMN IF NOT EXISTS sent_known UInt8 DEFAULT 1 AFTER archived,
    MODIFY COMMENT 'One row per campaign and change; the latest updated_at is the campaign. id_key is secret';
ALTER TABLE campaigns MODIFY COLUMN updated_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC');

CREATE TABLE IF NOT EXISTS registrations (
    campaign_id     UInt64                 CODEC(ZSTD(1)),
    registration_id UInt64                 CODEC(NONE),      -- random
    step            UInt32                 CODEC(ZSTD(1)),
    state           Enum8('started' = 1, 'complete' = 2, 'superseded' = 3) CODEC(ZSTD(1)),
    started_at      DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    completed_at    DateTime64(3, 'UTC')   CODEC(ZSTD(1)),
    file_rows       UInt64                 CODEC(ZSTD(1)),
    written_rows    UInt64                 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(step)
ORDER BY (campaign_id, registration_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per registration of messages and step; the highest step is its state. Its messages count once it is complete';

CREATE TABLE IF NOT EXISTS key_fingerprints (
    key_id      UInt8                CODEC(ZSTD(1)),
    fingerprint String               CODEC(ZSTD(1)),
    first_seen  DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (key_id, fingerprint)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'One row per signing key: its id and a fingerprint of its secret. One id with two fingerprints is a mistake of the operator';

CREATE TABLE IF NOT EXISTS recipient_secret (
    created_at DateTime64(3, 'UTC'),
    inner_pad  FixedString(64),
    outer_pad  FixedString(64)
)
ENGINE = ReplacingMergeTree
ORDER BY created_at
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'The secret of recipient_key; the oldest row. Without it no recipient_key can be traced to an address';

CREATE TABLE IF NOT EXISTS recipient_messages (
    recipient_key UInt128 CODEC(NONE),
    campaign_id   UInt64  CODEC(ZSTD(1)),
    message_id    UUID    CODEC(NONE)
)
ENGINE = ReplacingMergeTree
ORDER BY (recipient_key, campaign_id, message_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT 'The messages of each recipient, by recipient_key';

CREATE MATERIALIZED VIEW IF NOT EXISTS recipient_messages_mv TO recipient_messages
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT recipient_key, campaign_id, message_id FROM sends WHERE recipient_key != 0;
ALTER TABLE recipient_messages_mv MODIFY COMMENT 'Fills recipient_messages from every insert into sends';

ALTER TABLE message_campaigns
    ADD COLUMN IF NOT EXISTS url_style LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY ORDER BY (message_id, url_style),
    MODIFY COMMENT 'The campaign of each message id, and the styles of URL in which it was registered';
ALTER TABLE message_campaigns_mv MODIFY QUERY SELECT message_id, campaign_id, url_style FROM sends;
ALTER TABLE message_campaigns_mv MODIFY COMMENT 'Fills message_campaigns from every insert into sends';
