-- Purpose: writes the verdicts of a run on opens, beside the earlier ones; they are invisible until the run is applied.
-- Grain:   one row per event of the external table; the same again replaces equal rows.
-- Units:   none.
-- Reads:   the table opens by its key, so only as the warehouse user.
--
-- The external table judged (campaign_id UInt64, message_id UUID, opened_at Int64 in Unix milliseconds, event_id UInt64, class Int8,
-- reason String, request_class Int8, request_reason String, client, client_vendor, os, device String, again UInt8) names the events.
INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, time_suspect, user_agent, ip, network,
    network_list_date, as_number, country, region, connection_type, proxy_type, proxy_description, bot_detection, bot_name,
    bot_category, method, protocol, ja4, header_bits, header_facts, referer_host, token_status, path,
    key_id, issued_at, class, reason, client, client_vendor, os, device, ruleset_version,
    verdict_version, judged_run, request_class, request_reason, class_before, reason_before, rest_before, edge, pop,
    service_version, sandbox_request, source, extra)
SELECT was.campaign_id, was.message_id, was.opened_at, was.event_id, was.received_at, was.time_suspect,
    was.user_agent, was.ip, was.network, was.network_list_date, was.as_number, was.country,
    was.region, was.connection_type, was.proxy_type, was.proxy_description, was.bot_detection, was.bot_name,
    was.bot_category, was.method, was.protocol, was.ja4, was.header_bits, was.header_facts,
    was.referer_host, was.token_status, was.path, was.key_id, was.issued_at, judged.class,
    judged.reason, judged.client, judged.client_vendor, judged.os, judged.device, if(judged.again, {ruleset:UInt16}, was.ruleset_version),
    toUInt32(65536 + {run:UInt32}), {run:UInt32}, judged.request_class, judged.request_reason, was.class, was.reason,
    concat(toString(toInt8(if(was.judged_run = 0, was.class, was.request_class))), '\t', if(was.judged_run = 0, was.reason, was.request_reason), '\t', was.client, '\t',
        was.client_vendor, '\t', was.os, '\t', was.device, '\t', toString(was.ruleset_version)), was.edge, was.pop, was.service_version, was.sandbox_request, was.source,
    was.extra
FROM (
    SELECT * FROM opens FINAL
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM judged) AND judged_run < {run:UInt32}
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS was
ANY INNER JOIN judged
    ON was.campaign_id = judged.campaign_id AND was.message_id = judged.message_id AND was.event_id = judged.event_id
    AND toUnixTimestamp64Milli(was.opened_at) = judged.opened_at
