-- Purpose: the number of opened messages of a campaign by client, country and so on. All breakdowns read it.
-- Grain:   one row per campaign, dimension and value with at least one message.
-- Units:   counts of messages.
-- Engine:  a plain view over message_first_opens; filter on campaign_id to read one campaign's range of the keys. Messages are counted
--          by all their facts together before the facts are taken apart.
--
-- Formula: a message counts once in unique_opens, by the value of its first counted open, and once in reliable_unique_opens, if it is
-- measured, by the value of its first open by a person. So each dimension adds up to the columns of the same names in campaign_report.
-- provider depends on the recipient, and is the same for both: from mailbox_providers, other, or unknown without an address.
CREATE OR REPLACE VIEW breakdown_counts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    dimension String COMMENT 'client, vendor, os, device, country, provider, class or reason',
    value String COMMENT 'Value of the dimension',
    unique_opens Int64 COMMENT 'Messages whose first open has that value, machines included',
    reliable_unique_opens Int64 COMMENT 'Measured messages whose first open by a person has that value'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, valued.1 AS dimension,
    multiIf(valued.2 != '', valued.2, dimension = 'country', 'cannot be told', 'unknown') AS value,
    toInt64(sum(firsts)) AS unique_opens, toInt64(sum(persons)) AS reliable_unique_opens
FROM (
    SELECT campaign_id, counted.1 AS names, counted.2 AS facts, sum(counted.3) AS firsts, sum(counted.4) AS persons
    FROM (
        WITH
            transform(domain, (SELECT groupArray(domain) FROM mailbox_providers), (SELECT groupArray(provider) FROM mailbox_providers),
                if(domain = '', '', 'other')) AS provider
        SELECT campaign_id, [
            ('client vendor os device country class reason', first_facts, 1, 0),
            ('client vendor os device country class reason', person_facts, 0, opened_by_person),
            ('provider', provider, 1, opened_by_person)] AS all_counted
        FROM message_first_opens
        WHERE registered
    )
    ARRAY JOIN all_counted AS counted
    GROUP BY campaign_id, names, facts
)
ARRAY JOIN arrayZip(splitByChar(' ', names), splitByChar('\0', facts)) AS valued
WHERE firsts > 0 OR persons > 0
GROUP BY campaign_id, dimension, value
HAVING unique_opens > 0 OR reliable_unique_opens > 0
