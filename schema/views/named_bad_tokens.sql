-- Purpose: requests that name a campaign id with a token that no key verifies, whether there is such a campaign or not. In no other number.
-- Grain:   one row per id with such requests in the last 7 days.
-- Units:   counts of requests.
-- Engine:  a plain view over bad_tokens, which is capped and read whole. The id is the one that the token names, which can be forged.
CREATE OR REPLACE VIEW named_bad_tokens
(
    campaign_id UInt64 COMMENT 'Id that the token names; 0 if it names none',
    requests Int64 COMMENT 'Requests of the last 7 days with a token that no key verifies'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT named_campaign_id AS campaign_id, toInt64(sum(NOT moved)) AS requests
FROM bad_tokens FINAL
GROUP BY named_campaign_id
