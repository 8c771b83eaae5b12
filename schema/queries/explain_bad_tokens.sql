-- Purpose: the requests of one bad token, or one such request by its event.
-- Grain:   one row: their number, and lists with an element for each, in the order of time.
-- Units:   times are Unix milliseconds; an empty token and event 0 find nothing.
-- Reads:   the table bad_tokens, which is capped and read whole, so only as the warehouse user.
SELECT count() AS requests, groupArray(at) AS at_list, groupArray(event_id) AS event_list, groupArray(fault) AS fault_list,
    groupArray(network) AS network_list, groupArray(as_number) AS as_number_list, groupArray(country) AS country_list,
    groupArray(address) AS address_list, groupArray(source) AS source_list
FROM (
    SELECT toUnixTimestamp64Milli(opened_at) AS at, event_id, toString(fault) AS fault, toString(network) AS network, as_number,
        toString(country) AS country, toString(ip) AS address, toString(source) AS source
    FROM bad_tokens FINAL
    WHERE NOT moved AND ({token:String} != '' AND token = {token:String} OR {event_id:UInt64} != 0 AND event_id = {event_id:UInt64})
    ORDER BY at, event_id
)
