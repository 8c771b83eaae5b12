-- Purpose: counts the requests that name a campaign with a token that no key verifies.
-- Grain:   one row.
-- Units:   requests of the last 7 days.
-- Reads:   the view named_bad_tokens, which the read-only user may read.
SELECT toUInt64(sum(requests)) AS of_campaign
FROM named_bad_tokens
WHERE campaign_id = {campaign_id:UInt64}
SETTINGS max_threads = 1
