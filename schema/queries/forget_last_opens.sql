-- Purpose: deletes old dates of last opens.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   as in expired_recipients.
-- Reads:   the table last_opens, so only as the warehouse user.
ALTER TABLE last_opens DELETE WHERE opened_on < toDate(fromUnixTimestamp64Milli({identified_ms:Int64}, 'UTC'))
