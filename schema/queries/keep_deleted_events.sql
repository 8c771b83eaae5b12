-- Purpose: keeps the facts of opens of deleted campaigns that an audit needs: that the event arrived.
-- Grain:   a statement: one row for each event.
-- Units:   the day alone of the time, and the event's id.
-- Reads:   the tables opens, aggregate_opens and deleted_campaigns, so only as the warehouse user.
INSERT INTO aggregate_opens (campaign_id, stratum_id, opened_hour, event_id, class, reason, client, os, device, country, reduced_by,
    ruleset_version, verdict_version)
SELECT 0, toUUID('00000000-0000-0000-0000-000000000000'), day, event_id, 'unknown', '', '', '', '', '', 'ingest', 0, 0
FROM (
    SELECT DISTINCT toDateTime(toDate(opened_at), 'UTC') AS day, event_id
    FROM opens
    WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns)
    UNION DISTINCT
    SELECT DISTINCT toDateTime(toDate(opened_hour), 'UTC') AS day, event_id
    FROM aggregate_opens
    WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns)
)
