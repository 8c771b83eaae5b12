-- Purpose: copies waiting opens into opens, with the campaign of their message.
-- Grain:   one row per event of the external table; a row that is there already is replaced by an equal one.
-- Units:   none.
-- Reads:   the table unresolved_opens by its key, so only as the warehouse user.
--
-- The external table resolved (message_id UUID, opened_at Int64 in Unix milliseconds, event_id UInt64, campaign_id UInt64)
-- names the events: opens that came since it was read wait for the next move.
INSERT INTO opens
SELECT resolved.campaign_id, unresolved_opens.* EXCEPT (moved)
FROM unresolved_opens FINAL
ANY INNER JOIN resolved
    ON unresolved_opens.message_id = resolved.message_id
    AND unresolved_opens.opened_at = fromUnixTimestamp64Milli(resolved.opened_at, 'UTC')
    AND unresolved_opens.event_id = resolved.event_id
WHERE message_id IN (SELECT message_id FROM resolved)
