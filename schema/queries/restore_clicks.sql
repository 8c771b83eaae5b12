-- Purpose: restores the verdicts that clicks had before runs that were never applied.
-- Grain:   one row per click of those runs; the same again replaces equal rows.
-- Units:   none.
-- Reads:   the table deliveries, so only as the warehouse user.
INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, link_hash, received_at, class, reason, verdict_version,
    judged_run, request_class, request_reason, class_before, reason_before, rest_before, ruleset_version, user_agent, ip,
    network, as_number, country, url, bounce_type, automatic, source, extra)
SELECT campaign_id, message_id, kind, occurred_at, link_hash, received_at,
    class_before, reason_before, toUInt32(65536 + {run:UInt32}), {run:UInt32}, toInt8OrZero(splitByChar('\t', toString(rest_before))[1]), splitByChar('\t', toString(rest_before))[2],
    class_before, reason_before, rest_before, ruleset_version, user_agent, ip,
    network, as_number, country, url, bounce_type, automatic,
    source, extra
FROM deliveries FINAL
WHERE judged_run IN {abandoned:Array(UInt32)}
SETTINGS do_not_merge_across_partitions_select_final = 1
