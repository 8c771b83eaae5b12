-- Purpose: the opens with the current verdicts; rows of a run of judge or reclassify that is not applied show their earlier verdicts.
-- Grain:   one row per event.
-- Units:   as in opens.
-- Engine:  a plain view over opens FINAL; a filter on campaign_id reaches the key. FINAL on each month alone is right, since the
--          time is part of the key. Each query that reads the view reads the number of the run once.
--
-- Every number is computed from this view, not from opens. A query that reads the view twice may see a run applied in between; a
-- report made of several queries must compare the view judgement_runs before and after.
CREATE OR REPLACE VIEW judged_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    opened_at DateTime64(3, 'UTC') COMMENT 'Time of the open, UTC',
    event_id UInt64 COMMENT 'Id of the event',
    received_at DateTime64(3, 'UTC') COMMENT 'Time of receipt at ingest, UTC',
    time_suspect LowCardinality(String) COMMENT 'none, or how its time contradicts its token or receipt',
    class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3, 'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) COMMENT 'Class of the client that fetched the pixel',
    reason LowCardinality(String) COMMENT 'Name of the rule that decided the class',
    client LowCardinality(String) COMMENT 'Program that fetched the pixel',
    client_vendor LowCardinality(String) COMMENT 'Vendor of the program',
    os LowCardinality(String) COMMENT 'System that it runs on',
    device LowCardinality(String) COMMENT 'Kind of device that it runs on',
    country LowCardinality(String) COMMENT 'Country of the network, two letters; empty if not known',
    region LowCardinality(String) COMMENT 'Region of the network; empty if not known',
    user_agent LowCardinality(String) COMMENT 'User agent of the request',
    network LowCardinality(String) COMMENT 'Kind of network: apple_relay, scanner:<name>, hosting, none or unknown',
    as_number UInt32 COMMENT 'AS number of the network; 0 if not known',
    path String COMMENT 'Path and query of a URL that was altered on its way; empty for a plain token or id',
    judged_run UInt32 COMMENT 'Run that decided the verdict; 0: ingest did',
    ruleset_version UInt16 COMMENT 'Version of the rules that judged the request'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, opened_at, event_id, received_at, toString(was.time_suspect) AS time_suspect,
    if(hidden, class_before, was.class) AS class,
    if(hidden, reason_before, was.reason) AS reason,
    if(hidden, rest[3], toString(was.client)) AS client,
    if(hidden, rest[4], toString(was.client_vendor)) AS client_vendor,
    if(hidden, rest[5], toString(was.os)) AS os,
    if(hidden, rest[6], toString(was.device)) AS device,
    country, region, user_agent, network, as_number, path,
    if(hidden, 0, was.judged_run) AS judged_run,
    if(hidden, toUInt16OrZero(rest[7]), was.ruleset_version) AS ruleset_version
FROM (
    SELECT *, judged_run > (SELECT max(run) FROM judgements WHERE state = 'applied') AS hidden, splitByChar('\t', toString(rest_before)) AS rest
    FROM opens FINAL
) AS was
SETTINGS do_not_merge_across_partitions_select_final = 1
