-- Purpose: what registering needs of an existing campaign, its secret key included.
-- Grain:   one row, or none; of two campaigns with the same name the oldest.
-- Units:   created_at is UTC milliseconds; id_key is 32 raw bytes, all zero once it was forgotten.
-- Reads:   the table campaigns, so only as the warehouse user.
SELECT campaign_id, created_at, id_key, subject, variant, toInt8(tracking) AS tracking, archived = 1 AS archived, sent_known = 1 AS sent_known
FROM campaigns FINAL
WHERE name = {campaign:String}
ORDER BY created_at, campaign_id
LIMIT 1
