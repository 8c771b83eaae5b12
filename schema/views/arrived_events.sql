-- Purpose: the events of messages in the order of arrival, for programs that follow them; without recipient and address.
-- Grain:   one row per event and copy of it that has not merged yet: of equal ones take any.
-- Units:   times are UTC milliseconds.
-- Engine:  a plain view over opens and deliveries without FINAL, so that the latest events of a large campaign are read in milliseconds.
--          UNION ALL carries a filter on campaign_id into the keys.
--
-- The class is that of the rules on the request alone. Later judgements are in message_events.
CREATE OR REPLACE VIEW arrived_events
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message; it does not identify the recipient',
    event LowCardinality(String) COMMENT 'Kind of the event: opened, sent, delivered, deferred, bounced, complained, clicked, unsubscribed, replied or converted',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Time of the event, UTC',
    event_id UInt64 COMMENT 'Id of the open, or identity of the link of a click; 0 for other events',
    received_at DateTime64(3, 'UTC') COMMENT 'Time of receipt at ingest, UTC',
    time_suspect LowCardinality(String) COMMENT 'none, or how its time contradicts its token or receipt',
    class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3, 'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) COMMENT 'Class of the client by the rules on the request alone',
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
    source LowCardinality(String) COMMENT 'Origin of the line: edge, replay, import and so on'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, message_id, 'opened' AS event, opened_at AS occurred_at, event_id, received_at, toString(time_suspect) AS time_suspect,
    if(lines.judged_run > 0, lines.request_class, lines.class) AS class, if(lines.judged_run > 0, lines.request_reason, lines.reason) AS reason, client, client_vendor, os, device, user_agent, network, as_number, country, region,
    '' AS link_host, '' AS bounce_type, 0 AS automatic, ruleset_version, source
FROM opens AS lines
UNION ALL
SELECT campaign_id, message_id, toString(kind), occurred_at, link_hash, received_at, 'none',
    if(judged_run > 0, request_class, class), if(judged_run > 0, request_reason, reason), '', '', '', '', user_agent, network, as_number, country, '',
    domain(url), bounce_type, automatic, ruleset_version, source
FROM deliveries AS others
