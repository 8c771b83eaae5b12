-- Purpose: the events of messages, one by one, with the current verdicts; without recipient and address.
-- Grain:   one row per event: a request for a pixel, or another event of a message.
-- Units:   times are UTC milliseconds.
-- Engine:  a plain view. UNION ALL carries a filter on campaign_id into the keys of opens and deliveries.
--
-- Only the host of a link is shown, since its path and query may name the recipient. The pixel's URL is not shown, since it contains the token.
CREATE OR REPLACE VIEW message_events
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message; it does not identify the recipient',
    event LowCardinality(String) COMMENT 'Kind of the event: opened, sent, delivered, deferred, bounced, complained, clicked, unsubscribed, replied or converted',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Time of the event, UTC',
    event_id UInt64 COMMENT 'Id of the open, or identity of the link of a click; 0 for other events',
    received_at DateTime64(3, 'UTC') COMMENT 'Time of receipt at ingest, UTC',
    time_suspect LowCardinality(String) COMMENT 'none, or how its time contradicts its token or receipt',
    class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3, 'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) COMMENT 'Class of the client that made the request',
    reason LowCardinality(String) COMMENT 'Name of the rule that decided the class',
    client LowCardinality(String) COMMENT 'Program that made the request; empty if not known',
    client_vendor LowCardinality(String) COMMENT 'Vendor of the program; empty if not known',
    os LowCardinality(String) COMMENT 'System that it runs on; empty if not known',
    device LowCardinality(String) COMMENT 'Kind of device that it runs on; empty if not known',
    user_agent LowCardinality(String) COMMENT 'User agent of the request; empty if not known',
    network LowCardinality(String) COMMENT 'Kind of network: apple_relay, scanner:<name>, hosting, none or unknown',
    as_number UInt32 COMMENT 'AS number of the network; 0 if not known',
    country LowCardinality(String) COMMENT 'Country of the network, two letters; empty if not known',
    region LowCardinality(String) COMMENT 'Region of the network; empty if not known',
    link_host String COMMENT 'Host of the link of a click; empty for other events',
    bounce_type LowCardinality(String) COMMENT 'Kind of a bounce, by the provider',
    automatic UInt8 COMMENT '1 for a reply that no person wrote',
    ruleset_version UInt16 COMMENT 'Version of the rules that judged the request',
    judged_run UInt32 COMMENT 'Run of judge or reclassify that decided the verdict; 0: ingest did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, 'opened' AS event, opened_at AS occurred_at, event_id, received_at, toString(time_suspect) AS time_suspect,
    class, reason, client, client_vendor, os, device, user_agent, network, as_number, country, region,
    '' AS link_host, '' AS bounce_type, 0 AS automatic, ruleset_version, judged_run
FROM judged_opens
UNION ALL
SELECT campaign_id, message_id, kind, occurred_at, link_hash, received_at, 'none',
    class, reason, '', '', '', '', user_agent, network, as_number, country, '',
    domain(url), bounce_type, automatic, ruleset_version, judged_run
FROM judged_deliveries
