-- Purpose: a page of bad tokens with certain faults, with all their facts, to be tried with other keys.
-- Grain:   one row per event, of those after one key and up to another: see bad_tokens_page, which counts them.
-- Units:   as in the table; opened_at and received_at in Unix milliseconds.
-- Reads:   the table bad_tokens by its key, so only as the warehouse user.
SELECT
    toUnixTimestamp64Milli(opened_at) AS opened_ms, event_id, toUnixTimestamp64Milli(received_at) AS received_ms,
    toInt8(time_suspect) AS suspect, fault, token_status, token, path, key_id, issued_at, named_campaign_id, method, protocol, ja4,
    header_bits, header_facts, referer_host, user_agent, ip, network, network_list_date, as_number, country, region, connection_type,
    proxy_type, proxy_description, bot_detection, bot_name, bot_category, edge, pop, service_version, sandbox_request,
    source, extra
FROM bad_tokens FINAL
WHERE moved = 0 AND fault IN {faults:Array(String)}
    AND (opened_at, event_id) > (fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC'), {after_event:UInt64})
    AND (opened_at, event_id) <= (fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC'), {last_event:UInt64})
ORDER BY opened_at, event_id
