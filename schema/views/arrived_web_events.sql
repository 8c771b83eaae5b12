-- Purpose: page views and custom events in the order of arrival, for programs that follow them; without address and visitor.
-- Grain:   one row per view or event and copy of it that has not merged yet: of equal ones take any.
-- Units:   times are UTC milliseconds.
-- Engine:  a plain view over web_events without FINAL. A filter on occurred_at reaches its partitions.
CREATE OR REPLACE VIEW arrived_web_events
(
    site LowCardinality(String) COMMENT 'Name of the site; empty for a site that is not configured',
    event LowCardinality(String) COMMENT 'view or event',
    name LowCardinality(String) COMMENT 'Name of the custom event; empty for a view',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Time of the view or event, UTC',
    event_id UInt64 COMMENT 'Id of the view or event',
    received_at DateTime64(3, 'UTC') COMMENT 'Time of receipt at ingest, UTC',
    page_host LowCardinality(String) COMMENT 'Host of the page',
    page_path String COMMENT 'Path of the page',
    title String COMMENT 'Title of the page; empty if not known',
    referrer_host LowCardinality(String) COMMENT 'Host of the page before; empty if not known',
    referrer_path String COMMENT 'Path of the page before; empty if not known',
    utm_source LowCardinality(String) COMMENT 'Parameter utm_source of the address of the page',
    utm_medium LowCardinality(String) COMMENT 'Parameter utm_medium',
    utm_campaign LowCardinality(String) COMMENT 'Parameter utm_campaign',
    utm_term String COMMENT 'Parameter utm_term',
    utm_content String COMMENT 'Parameter utm_content',
    properties String COMMENT 'Properties of the custom event, as JSON; empty if there are none',
    certain UInt8 COMMENT '1 for an event from a server with the secret',
    campaign_id UInt64 COMMENT 'Id of the campaign of the message that the event names; 0 if it names none',
    message_id UUID COMMENT 'Id of the message; zero if the event names none',
    class Enum8('unknown' = 0, 'human_direct' = 1, 'proxy_human' = 2, 'machine_prefetch' = 3, 'security_scanner' = 4, 'bot' = 5, 'http_library' = 6, 'link_preview' = 7, 'headless' = 8, 'not_image' = 9) COMMENT 'Class of the client by the rules',
    reason LowCardinality(String) COMMENT 'Name of the rule that decided the class',
    client LowCardinality(String) COMMENT 'Program that made the request; empty if not known',
    os LowCardinality(String) COMMENT 'System that it runs on; empty if not known',
    device LowCardinality(String) COMMENT 'Kind of device that it runs on; empty if not known',
    user_agent LowCardinality(String) COMMENT 'User agent of the request; empty if not known',
    network LowCardinality(String) COMMENT 'Kind of network: apple_relay, scanner:<name>, hosting, none or unknown',
    as_number UInt32 COMMENT 'AS number of the network; 0 if not known',
    country LowCardinality(String) COMMENT 'Country of the network, two letters; empty if not known',
    ruleset_version UInt16 COMMENT 'Version of the rules that judged the request',
    source LowCardinality(String) COMMENT 'Origin of the line: edge, replay, import and so on'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT site, if(name = '', 'view', 'event') AS event, name, occurred_at, event_id, received_at, page_host, page_path, title, referrer_host, referrer_path,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, properties, certain, campaign_id, message_id, class, reason, client, os, device,
    user_agent, network, as_number, country, ruleset_version, source
FROM web_events AS lines
