-- Purpose: the messages of opens that are shown as they arrive, with their recipients.
-- Grain:   one row: the number of messages that are registered, and lists with an element for each.
-- Units:   tracking is a number of the Enum8; test is 0 or 1.
-- Reads:   the table sends by its key, so only as the warehouse user.
--
-- The ids come as an external table wanted_keys (campaign_id UInt64, message_id UUID), sent along with the query.
SELECT count() AS messages, groupArray(id) AS id_list, groupArray(address) AS recipient_list, groupArray(mode) AS tracking_list,
    groupArray(is_test) AS test_list
FROM (
    SELECT message_id AS id, recipient AS address, toInt8(tracking) AS mode, toUInt8(test) AS is_test
    FROM sends FINAL
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM wanted_keys)
)
