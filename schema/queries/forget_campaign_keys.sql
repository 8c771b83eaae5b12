-- Purpose: overwrites the keys with which message ids of old campaigns could be recomputed from recipients.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   as in expired_recipients.
-- Reads:   the table sends, so only as the warehouse user.
ALTER TABLE campaigns UPDATE id_key = toFixedString('', 32)
WHERE id_key != toFixedString('', 32) AND campaign_id IN (
    SELECT campaign_id FROM sends GROUP BY campaign_id
    HAVING max(registered_at) < fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC')
        OR countIf(tracking = 'pseudonymous') > 0
            AND maxIf(registered_at, tracking = 'pseudonymous') < fromUnixTimestamp64Milli({pseudonymous_ms:Int64}, 'UTC'))
