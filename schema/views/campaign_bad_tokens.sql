-- Purpose: requests that name a campaign with a token that no key verifies. In no other number.
-- Grain:   one row per campaign with such requests in the last 7 days.
-- Units:   counts of requests.
-- Engine:  a plain view over named_bad_tokens and campaigns. The campaign is the one that the token names, which can be forged.
CREATE OR REPLACE VIEW campaign_bad_tokens
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    requests Int64 COMMENT 'Requests of the last 7 days that name the campaign with a token that no key verifies'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, name AS campaign, requests
FROM (SELECT campaign_id, requests FROM named_bad_tokens) AS named
INNER JOIN (SELECT campaign_id, name FROM campaigns FINAL) AS known USING (campaign_id)
WHERE requests > 0
