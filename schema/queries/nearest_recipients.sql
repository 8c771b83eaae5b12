-- Purpose: the recipients of a campaign with a name similar to a mistyped one.
-- Grain:   one row: their number, three at most, and a list of them, the nearest first.
-- Units:   none; nearness is the number of characters to insert, remove or replace, three at most.
-- Reads:   the table sends by the campaign's range of its key, so only as the warehouse user.
SELECT count() AS recipients, groupArray(recipient) AS recipient_list
FROM (
    SELECT recipient, editDistanceUTF8(recipient, {recipient:String}) AS distance
    FROM sends
    WHERE campaign_id = {campaign_id:UInt64} AND tracking = 'identified'
        AND abs(toInt64(lengthUTF8(recipient)) - toInt64(lengthUTF8({recipient:String}))) <= 3
    GROUP BY recipient
    HAVING distance <= 3
    ORDER BY distance, recipient
    LIMIT 3
)
