-- Purpose: the custom events of a site by the values of their properties.
-- Grain:   one row per site, name, property and value; an event with two properties is in two rows.
-- Units:   events count distinct events, as in custom_events.
-- Engine:  a plain view over web_events; filter on site and name to read their range of the key.
CREATE OR REPLACE VIEW custom_event_properties
(
    site LowCardinality(String) COMMENT 'Name of the site',
    name LowCardinality(String) COMMENT 'Name of the event',
    property String COMMENT 'Name of the property',
    value String COMMENT 'Value of the property as a text',
    events Int64 COMMENT 'Events with that value, without those by machines'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT site, name, pair.1 AS property, trim(BOTH '"' FROM pair.2) AS value, toInt64(count()) AS events
FROM web_events FINAL
ARRAY JOIN JSONExtractKeysAndValuesRaw(properties) AS pair
WHERE name != '' AND (certain OR class IN ('unknown', 'human_direct', 'proxy_human'))
GROUP BY site, name, property, value
