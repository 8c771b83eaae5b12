-- Purpose: the tables that still have rows of deleted campaigns.
-- Grain:   one row: the names of the tables.
-- Units:   none.
-- Reads:   the tables below, so only as the warehouse user.
SELECT arrayFilter(name -> name != '', [
    if((SELECT count() FROM (SELECT 1 FROM campaigns WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'campaigns', ''),
    if((SELECT count() FROM (SELECT 1 FROM opens WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'opens', ''),
    if((SELECT count() FROM (SELECT 1 FROM aggregate_opens WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'aggregate_opens', ''),
    if((SELECT count() FROM (SELECT 1 FROM deliveries WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'deliveries', ''),
    if((SELECT count() FROM (SELECT 1 FROM sends WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'sends', ''),
    if((SELECT count() FROM (SELECT 1 FROM message_campaigns WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'message_campaigns', ''),
    if((SELECT count() FROM (SELECT 1 FROM recipient_messages WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'recipient_messages', ''),
    if((SELECT count() FROM (SELECT 1 FROM registrations WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'registrations', ''),
    if((SELECT count() FROM (SELECT 1 FROM strata WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'strata', ''),
    if((SELECT count() FROM (SELECT 1 FROM web_events WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'web_events', ''),
    if((SELECT count() FROM (SELECT 1 FROM campaign_totals WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'campaign_totals', ''),
    if((SELECT count() FROM (SELECT 1 FROM campaign_estimate_totals WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'campaign_estimate_totals', ''),
    if((SELECT count() FROM (SELECT 1 FROM campaign_breakdowns WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'campaign_breakdowns', ''),
    if((SELECT count() FROM (SELECT 1 FROM campaign_changes WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns) LIMIT 1)) > 0, 'campaign_changes', '')
]) AS names
