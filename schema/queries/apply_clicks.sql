-- Purpose: writes the verdicts of a run on clicks, beside the earlier ones; they are invisible until the run is applied.
-- Grain:   one row per click of the external table; the same again replaces equal rows.
-- Units:   none.
-- Reads:   the table deliveries by its key, so only as the warehouse user.
--
-- The external table judged (campaign_id UInt64, message_id UUID, occurred_at Int64 in Unix milliseconds, link_hash UInt64, class Int8,
-- reason String) names the clicks.
INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, link_hash, received_at, class, reason, verdict_version,
    judged_run, request_class, request_reason, class_before, reason_before, rest_before, ruleset_version, user_agent, ip,
    network, as_number, country, url, bounce_type, automatic, source, extra)
SELECT was.campaign_id, was.message_id, was.kind, was.occurred_at, was.link_hash,
    was.received_at, judged.class, judged.reason, toUInt32(65536 + {run:UInt32}), {run:UInt32},
    if(was.judged_run = 0, was.class, was.request_class), if(was.judged_run = 0, was.reason, was.request_reason), was.class, was.reason, concat(toString(toInt8(if(was.judged_run = 0, was.class, was.request_class))), '\t', if(was.judged_run = 0, was.reason, was.request_reason)),
    was.ruleset_version, was.user_agent, was.ip, was.network, was.as_number,
    was.country, was.url, was.bounce_type, was.automatic, was.source,
    was.extra
FROM (
    SELECT * FROM deliveries FINAL
    WHERE kind = 'clicked' AND (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM judged) AND judged_run < {run:UInt32}
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS was
ANY INNER JOIN judged
    ON was.campaign_id = judged.campaign_id AND was.message_id = judged.message_id AND was.link_hash = judged.link_hash
    AND toUnixTimestamp64Milli(was.occurred_at) = judged.occurred_at
