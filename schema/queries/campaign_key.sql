-- Purpose: what registering needs of an existing campaign, its secret key included.
-- Grain:   one row: the number of campaigns of that name, 0 if no campaign has it; of two campaigns with the same name the oldest counts.
-- Units:   created_at is UTC milliseconds; id_key is 32 raw bytes, all zero once it was forgotten.
-- Reads:   the table campaigns, so only as the warehouse user.
SELECT found, oldest.1, oldest.2, oldest.3, oldest.4, oldest.5, oldest.6, oldest.7, oldest.8
FROM (
    SELECT count() AS found, argMin(
        (campaign_id, created_at, id_key, subject, variant, toInt8(tracking), archived = 1, sent_known = 1),
        (created_at, campaign_id)) AS oldest
    FROM campaigns FINAL
    WHERE name = {campaign:String}
)
