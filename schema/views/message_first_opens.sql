-- Purpose: the open that represents a message in a breakdown: its first one, and its first one by a person, with their facts.
-- Grain:   one row per message with a counted open.
-- Units:   flags are 0 or 1; facts are texts, one behind the other, each before a NUL: client, vendor, os, device, country, class, reason.
-- Engine:  a plain view over message_opens, sends and opens. UNION ALL and GROUP BY carry a filter on campaign_id into the keys. One text
--          with all facts is aggregated five times faster than a column for each.
--
-- first_facts: of the first open that is counted, machines included. person_facts: of the first open by a person (R). Opens whose time
-- is not possible come behind all others; of two at the same time the one with the lower event_id is the first. So every message has
-- one value of each kind, and the counts by value add up to the number of messages.
-- The country of an open is the recipient's only if the recipient's device fetched the image: a proxy, Apple's relay or a scanner
-- has the country of its own machine. Then the value is "cannot be told".
CREATE OR REPLACE VIEW message_first_opens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    message_id UUID COMMENT 'Id of the message',
    registered UInt8 COMMENT '1 if its registration is complete and it is no test',
    opened_by_person UInt8 COMMENT '1 if it is measured and a person opened it',
    domain String COMMENT 'Domain of its recipient; empty if it is not known',
    first_facts String COMMENT 'Facts of its first open',
    person_facts String COMMENT 'Facts of its first open by a person; empty without one'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    campaign_id,
    message_id,
    max(is_registered) AS registered,
    max(is_read) AS opened_by_person,
    max(of_domain) AS domain,
    argMinIf(facts, place, is_open) AS first_facts,
    argMinIf(facts, place, is_person) AS person_facts
FROM (
    SELECT campaign_id, message_id, registered AS is_registered, measured AND reliable AS is_read, '' AS of_domain,
        0 AS is_open, 0 AS is_person, toUInt128(0) AS place, '' AS facts
    FROM message_opens
    WHERE opens > 0
    UNION ALL
    SELECT campaign_id, message_id, 0, 0, toString(domain), 0, 0, toUInt128(0), ''
    FROM sends
    UNION ALL
    SELECT campaign_id, message_id, 0, 0, '', 1, class IN ('human_direct', 'proxy_human'),
        bitShiftLeft(toUInt128(toUnixTimestamp64Milli(opened_at) + 1125899906842624 + if(time_suspect = 'none', 0, 36028797018963968)), 64) + event_id,
        concat(client, '\0', client_vendor, '\0', os, '\0', device, '\0',
            if(class IN ('human_direct', 'unknown') AND network NOT IN ('apple_relay', 'hosting') AND NOT startsWith(network, 'scanner:'), country, ''),
            '\0', toString(class), '\0', reason)
    FROM judged_opens
    WHERE class != 'not_image'
)
GROUP BY campaign_id, message_id
HAVING max(is_open)
SETTINGS do_not_merge_across_partitions_select_final = 1
