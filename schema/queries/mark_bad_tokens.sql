-- Purpose: marks bad tokens as moved, once a key was found for them and their open is in opens.
-- Grain:   one row per event of the external table that is in opens.
-- Units:   none.
-- Reads:   the tables bad_tokens and opens by their keys, so only as the warehouse user.
--
-- The external table resolved is that of move_opens. A line that comes again may undo the mark: then its token is tried
-- again, and gives the same open.
INSERT INTO bad_tokens
SELECT * REPLACE (1 AS moved)
FROM bad_tokens FINAL
WHERE (opened_at, event_id) IN (
    SELECT opened_at, event_id
    FROM opens
    WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM resolved)
      AND (message_id, opened_at, event_id) IN (
          SELECT message_id, fromUnixTimestamp64Milli(opened_at, 'UTC'), event_id FROM resolved
      )
)
