-- Purpose: the custom events of a site by hour.
-- Grain:   one row per site, name and UTC hour with an event that counts.
-- Units:   events count distinct events: of servers with the secret, and of clients that are not machines.
-- Engine:  a plain view over web_events; filter on site and name to read their range of the key.
CREATE OR REPLACE VIEW custom_events
(
    site LowCardinality(String) COMMENT 'Name of the site',
    name LowCardinality(String) COMMENT 'Name of the event',
    hour DateTime('UTC') COMMENT 'Start of the hour, UTC',
    events Int64 COMMENT 'Events without those by machines; events of a server with the secret always count',
    certain_events Int64 COMMENT 'Events that a server with the secret sent'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    site, name, toStartOfHour(toDateTime(occurred_at, 'UTC')) AS hour,
    toInt64(count()) AS events, toInt64(countIf(certain)) AS certain_events
FROM web_events FINAL
WHERE name != '' AND (certain OR class IN ('unknown', 'human_direct', 'proxy_human'))
GROUP BY site, name, hour
