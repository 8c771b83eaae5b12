-- Purpose: restores the verdicts that opens had before runs that were never applied.
-- Grain:   one row per event of those runs; the same again replaces equal rows.
-- Units:   none.
-- Reads:   the table opens, so only as the warehouse user.
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, time_suspect, user_agent, ip, network,
    network_list_date, as_number, country, region, connection_type, proxy_type, proxy_description, bot_detection, bot_name,
    bot_category, method, protocol, ja4, header_bits, header_facts, referer_host, token_status, path,
    key_id, issued_at, class, reason, client, client_vendor, os, device, ruleset_version,
    verdict_version, judged_run, request_class, request_reason, class_before, reason_before, rest_before, edge, pop,
    service_version, sandbox_request, source, extra)
SELECT campaign_id, message_id, opened_at, event_id, received_at,
    time_suspect, user_agent, ip, network, network_list_date,
    as_number, country, region, connection_type, proxy_type,
    proxy_description, bot_detection, bot_name, bot_category, method,
    protocol, ja4, header_bits, header_facts, referer_host,
    token_status, path, key_id, issued_at, class_before,
    reason_before, splitByChar('\t', toString(rest_before))[3], splitByChar('\t', toString(rest_before))[4], splitByChar('\t', toString(rest_before))[5], splitByChar('\t', toString(rest_before))[6],
    toUInt16OrZero(splitByChar('\t', toString(rest_before))[7]), toUInt32(65536 + {run:UInt32}), {run:UInt32}, toInt8OrZero(splitByChar('\t', toString(rest_before))[1]), splitByChar('\t', toString(rest_before))[2],
    class_before, reason_before, rest_before, edge, pop,
    service_version, sandbox_request, source, extra
FROM opens FINAL
WHERE judged_run IN {abandoned:Array(UInt32)}
SETTINGS do_not_merge_across_partitions_select_final = 1
