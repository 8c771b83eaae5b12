-- Purpose: the messages that are being erased.
-- Grain:   one row: their number, and a record for each: campaign_id as UInt64, message_id as two UInt64.
-- Units:   none.
-- Reads:   the table erasing, so only as the warehouse user.
SELECT count() AS messages, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(campaign_id), reinterpretAsFixedString(message_id)))) AS records
FROM (SELECT DISTINCT campaign_id, message_id FROM erasing WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000'))
