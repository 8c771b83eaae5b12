-- Purpose: copies opens of withdrawn or restricted messages to aggregate_opens.
-- Grain:   a statement: one row for each event.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal. Fates drop and last_open keep only the event's id, for audits.
-- Reads:   the tables withdrawals, recipient_messages, message_campaigns and opens, so only as the warehouse user.
INSERT INTO aggregate_opens (campaign_id, stratum_id, opened_hour, event_id, class, reason, client, os, device, country, reduced_by,
    ruleset_version, verdict_version)
SELECT
    if({fate:String} IN ('drop', 'last_open'), 0, campaign_id),
    toUUID('00000000-0000-0000-0000-000000000000'),
    if({fate:String} IN ('drop', 'last_open'), toDateTime(toDate(opened_at), 'UTC'), toStartOfHour(toDateTime(opened_at, 'UTC'))),
    event_id,
    if({fate:String} IN ('drop', 'last_open'), 'unknown', toString(class)),
    if({fate:String} IN ('drop', 'last_open'), '', toString(reason)),
    if({fate:String} = 'anonymous', toString(client), ''), if({fate:String} = 'anonymous', toString(os), ''),
    if({fate:String} = 'anonymous', toString(device), ''), if({fate:String} = 'anonymous', toString(country), ''),
    'ingest', ruleset_version, verdict_version
FROM opens FINAL
WHERE (campaign_id, message_id) IN (
        SELECT campaign_id, message_id FROM recipient_messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id = toUUID('00000000-0000-0000-0000-000000000000'))
        UNION ALL
        SELECT campaign_id, message_id FROM message_campaigns
        WHERE message_id IN (
            SELECT message_id FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND message_id != toUUID('00000000-0000-0000-0000-000000000000'))
    )
