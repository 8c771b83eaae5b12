-- Purpose: the messages of one recipient, of one campaign or of all.
-- Grain:   one row: their number, and lists with an element for each.
-- Units:   recipient_key as 32 hex digits of its bytes, the first one first; campaign_id 0 = all.
-- Reads:   the table recipient_messages by its key, so only as the warehouse user.
SELECT count() AS messages, groupArray(campaign_id) AS campaign_list, groupArray(message_id) AS message_list
FROM (
    SELECT DISTINCT campaign_id, message_id
    FROM recipient_messages
    WHERE recipient_key = reinterpretAsUInt128(unhex({recipient_key:String}))
        AND ({campaign_id:UInt64} = 0 OR campaign_id = {campaign_id:UInt64})
    ORDER BY campaign_id, message_id
)
