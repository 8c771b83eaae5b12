-- Purpose: the messages of a campaign with an open of any class.
-- Grain:   one row: the number of messages, and a record for each, message_id as two UInt64.
-- Units:   none.
-- Reads:   the table opens by the campaign's range of its key, so only as the warehouse user.
SELECT count() AS rows, arrayStringConcat(groupArray(concat(reinterpretAsFixedString(message_id), ''))) AS records
FROM (
    SELECT DISTINCT message_id
    FROM opens
    WHERE campaign_id = {campaign_id:UInt64}
)
