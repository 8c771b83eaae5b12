-- Purpose: the deliveries with the current verdicts; rows of a run of judge or reclassify that is not applied show their earlier verdicts.
-- Grain:   one row per event that is no open.
-- Units:   as in deliveries.
-- Engine:  a plain view over deliveries FINAL; see judged_opens.
CREATE OR REPLACE VIEW judged_deliveries
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    kind LowCardinality(String) COMMENT 'Kind of the event: sent, delivered, clicked and so on',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Time of the event, UTC',
    link_hash UInt64 COMMENT 'Identity of the link of a click; 0 if there is none',
    class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3, 'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) COMMENT 'Class of the client that followed a link',
    reason LowCardinality(String) COMMENT 'Name of the rule that decided the class',
    user_agent LowCardinality(String) COMMENT 'User agent of a click; empty if not known',
    ip IPv6 COMMENT 'Address of a click, cut as in opens; :: if not known',
    bounce_type LowCardinality(String) COMMENT 'Kind of a bounce, by the provider',
    automatic UInt8 COMMENT '1 for a reply that no person wrote',
    received_at DateTime64(3, 'UTC') COMMENT 'Time of receipt at ingest, UTC',
    network LowCardinality(String) COMMENT 'Kind of network of a click: apple_relay, scanner:<name>, hosting, none or unknown',
    as_number UInt32 COMMENT 'AS number of the network; 0 if not known',
    country LowCardinality(String) COMMENT 'Country of the network, two letters; empty if not known',
    url String COMMENT 'Link that was followed; empty for other events',
    judged_run UInt32 COMMENT 'Run that decided the verdict; 0: ingest did',
    ruleset_version UInt16 COMMENT 'Version of the rules that judged the request'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, toString(was.kind) AS kind, occurred_at, link_hash,
    if(hidden, class_before, was.class) AS class,
    if(hidden, reason_before, was.reason) AS reason,
    user_agent, ip, bounce_type, automatic, received_at, network, as_number, country, url,
    if(hidden, 0, was.judged_run) AS judged_run,
    ruleset_version
FROM (
    SELECT *, judged_run > (SELECT max(run) FROM judgements WHERE state = 'applied') AS hidden
    FROM deliveries FINAL
) AS was
SETTINGS do_not_merge_across_partitions_select_final = 1
