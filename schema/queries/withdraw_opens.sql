-- Purpose: keeps opens of withdrawn messages as aggregate ones.
-- Grain:   a statement: one row for each event.
-- Units:   since_ms is Unix milliseconds: of the change of the withdrawal. Of the fate drop only the event's id is kept, for audits.
-- Reads:   the tables withdrawals, recipient_messages and opens, so only as the warehouse user.
INSERT INTO aggregate_opens (campaign_id, stratum_id, opened_hour, event_id, class, reason, client, os, device, country, reduced_by,
    ruleset_version, verdict_version)
SELECT
    if({fate:String} = 'drop', 0, campaign_id),
    toUUID('00000000-0000-0000-0000-000000000000'),
    if({fate:String} = 'drop', toDateTime(toDate(opened_at), 'UTC'), toStartOfHour(toDateTime(opened_at, 'UTC'))),
    event_id,
    if({fate:String} = 'drop', 'unknown', toString(class)),
    if({fate:String} = 'drop', '', toString(reason)),
    if({fate:String} = 'anonymous', toString(client), ''), if({fate:String} = 'anonymous', toString(os), ''),
    if({fate:String} = 'anonymous', toString(device), ''), if({fate:String} = 'anonymous', toString(country), ''),
    'ingest', ruleset_version, verdict_version
FROM opens FINAL
WHERE (campaign_id, message_id) IN (
        SELECT messages.campaign_id, messages.message_id
        FROM recipient_messages AS messages
        WHERE recipient_key IN (
            SELECT recipient_key FROM withdrawals FINAL
            WHERE fate = {fate:String} AND changed_at >= fromUnixTimestamp64Milli({since_ms:Int64}) AND withdrawals.message_id = toUUID('00000000-0000-0000-0000-000000000000'))
    )
