-- Purpose: removes the message from events of web pages whose message belongs to a deleted campaign.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   none.
-- Reads:   the table deleted_campaigns, so only as the warehouse user.
--
-- They stay: they are events of the site, too.
ALTER TABLE web_events UPDATE campaign_id = 0, message_id = toUUID('00000000-0000-0000-0000-000000000000')
WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns)
