-- Purpose: marks waiting opens as moved, after move_opens has copied them.
-- Grain:   one row per event of the external table that is in opens: a copy that was acknowledged and never made moves nothing.
-- Units:   none.
-- Reads:   the tables unresolved_opens and opens by their keys, so only as the warehouse user.
--
-- The external table resolved is the one of move_opens.
INSERT INTO unresolved_opens
SELECT * REPLACE (1 AS moved)
FROM unresolved_opens
WHERE message_id IN (SELECT message_id FROM resolved)
  AND (message_id, opened_at, event_id) IN (
      SELECT message_id, fromUnixTimestamp64Milli(opened_at, 'UTC'), event_id FROM resolved
  )
  AND (message_id, opened_at, event_id) IN (
      SELECT message_id, opened_at, event_id
      FROM opens
      WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM resolved)
        AND event_id IN (SELECT event_id FROM resolved)
  )
