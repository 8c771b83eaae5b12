-- Purpose: every event of one message, in the order of time: its opens, those that wait for its registration, and its deliveries.
-- Grain:   one row: their number, and lists with an element for each.
-- Units:   at is Unix milliseconds; place is opens, waiting or deliveries; kind is open or the kind of a delivery; detail is the
--          suspicion about an open's time, the type of a bounce, or automatic.
-- Reads:   the tables opens, deliveries and unresolved_opens by their keys, so only as the warehouse user.
SELECT
    count() AS events,
    groupArray(place) AS place_list, groupArray(at) AS at_list, groupArray(event_id) AS event_list, groupArray(kind) AS kind_list,
    groupArray(class) AS class_list, groupArray(reason) AS reason_list, groupArray(detail) AS detail_list,
    groupArray(client) AS client_list, groupArray(os) AS os_list, groupArray(device) AS device_list,
    groupArray(network) AS network_list, groupArray(as_number) AS as_number_list, groupArray(country) AS country_list,
    groupArray(address) AS address_list, groupArray(ruleset_version) AS ruleset_list, groupArray(source) AS source_list
FROM (
    SELECT * FROM (
        SELECT 'opens' AS place, toUnixTimestamp64Milli(opened_at) AS at, event_id, 'open' AS kind,
            toString(class) AS class, toString(reason) AS reason, if(time_suspect = 'none', '', toString(time_suspect)) AS detail,
            toString(client) AS client, toString(os) AS os, toString(device) AS device, toString(network) AS network, as_number,
            toString(country) AS country, toString(ip) AS address, toUInt16(ruleset_version) AS ruleset_version, toString(source) AS source
        FROM opens FINAL
        WHERE campaign_id = {campaign_id:UInt64} AND message_id = {message_id:UUID}
        UNION ALL
        SELECT 'waiting', toUnixTimestamp64Milli(opened_at), event_id, 'open', toString(class), toString(reason),
            if(time_suspect = 'none', '', toString(time_suspect)),
            toString(client), toString(os), toString(device), toString(network), as_number, toString(country), toString(ip),
            toUInt16(ruleset_version), toString(source)
        FROM unresolved_opens FINAL
        WHERE message_id = {message_id:UUID} AND moved = 0
        UNION ALL
        SELECT 'deliveries', toUnixTimestamp64Milli(occurred_at), link_hash, toString(kind),
            if(kind = 'clicked', toString(class), ''), toString(reason),
            multiIf(kind = 'bounced', toString(bounce_type), automatic, 'automatic', kind = 'clicked' AND user_agent = '' AND ip = toIPv6('::'), 'no_client', ''),
            '', '', '', toString(network), as_number, toString(country), toString(ip), toUInt16(ruleset_version), toString(source)
        FROM deliveries FINAL
        WHERE campaign_id = {campaign_id:UInt64} AND message_id = {message_id:UUID}
    )
    ORDER BY at, place, event_id
)
SETTINGS do_not_merge_across_partitions_select_final = 1
