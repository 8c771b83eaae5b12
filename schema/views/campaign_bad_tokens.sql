-- Purpose: requests that name a campaign with a token that no key verifies. In no other number.
-- Grain:   one row per campaign with such requests in the last 7 days.
-- Units:   counts of requests.
-- Engine:  a plain view over bad_tokens, which is capped and read whole. The campaign is the one that the token names, which can be forged.
CREATE OR REPLACE VIEW campaign_bad_tokens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    requests Int64 COMMENT 'Requests of the last 7 days that name the campaign with a token that no key verifies'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, max(name) AS campaign, toInt64(sum(request)) AS requests
FROM (
    SELECT campaign_id, name, 0 AS request
    FROM campaigns
    UNION ALL
    SELECT named_campaign_id, '', NOT moved
    FROM bad_tokens FINAL
)
GROUP BY campaign_id
HAVING max(name != '') AND requests > 0
