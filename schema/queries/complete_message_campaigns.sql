-- Purpose: adds to message_campaigns the messages of a campaign that an insert into sends left out when it was cut off.
-- Grain:   one row per message and style of URL; a row that another program adds meanwhile is replaced by an equal one.
-- Units:   none.
-- Reads:   the tables sends and message_campaigns by their keys, so only as the warehouse user.
INSERT INTO message_campaigns (message_id, campaign_id, url_style)
SELECT message_id, campaign_id, url_style
FROM sends
WHERE campaign_id = {campaign_id:UInt64} AND (message_id, url_style) NOT IN (
    SELECT message_id, url_style
    FROM message_campaigns
    WHERE message_id IN (SELECT message_id FROM sends WHERE campaign_id = {campaign_id:UInt64})
)
