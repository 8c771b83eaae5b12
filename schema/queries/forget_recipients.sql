-- Purpose: deletes the data that links old messages to persons.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   as in expired_recipients.
-- Reads:   the table sends, so only as the warehouse user.
ALTER TABLE sends UPDATE recipient = '', recipient_key = 0, attributes = CAST(map(), 'Map(String, String)')
WHERE registered_at < if(tracking = 'pseudonymous', fromUnixTimestamp64Milli({pseudonymous_ms:Int64}, 'UTC'), fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC'))
    AND (recipient != '' OR recipient_key != 0)
