-- Purpose: the events of the messages that are being erased, whose receipts lose them.
-- Grain:   one row: their number, and a record for each: event_id as UInt64.
-- Units:   none.
-- Reads:   the tables erasing, opens by its key and unresolved_opens by its key, so only as the warehouse user.
SELECT count() AS events, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(event_id), ''))) AS records
FROM (
    SELECT event_id FROM opens WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM erasing)
    UNION DISTINCT
    SELECT event_id FROM unresolved_opens WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000'))
)
