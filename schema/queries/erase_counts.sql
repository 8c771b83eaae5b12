-- Purpose: counts the rows of the persons in the table erasing.
-- Grain:   one row: a map from table to count, versions of a row included.
-- Units:   rows.
-- Reads:   the table erasing and all tables that hold messages, so only as the warehouse user.
WITH toUUID('00000000-0000-0000-0000-000000000000') AS none
SELECT CAST(map(
    'sends', (SELECT count() FROM sends WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM erasing WHERE message_id != none)
        OR recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)),
    'recipient_messages', (SELECT count() FROM recipient_messages WHERE recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)),
    'message_campaigns', (SELECT count() FROM message_campaigns WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != none)),
    'opens', (SELECT count() FROM opens WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM erasing WHERE message_id != none)),
    'deliveries', (SELECT count() FROM deliveries WHERE (campaign_id, message_id) IN (SELECT campaign_id, message_id FROM erasing WHERE message_id != none)),
    'unresolved_opens', (SELECT count() FROM unresolved_opens WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != none)),
    'unresolved_deliveries', (SELECT count() FROM unresolved_deliveries WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != none)
        OR recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)),
    'bad_tokens', (SELECT count() FROM bad_tokens WHERE event_id IN (SELECT event_id FROM erasing WHERE event_id != 0)),
    'web_events', (SELECT count() FROM web_events WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != none)
        OR event_id IN (SELECT event_id FROM erasing WHERE event_id != 0)),
    'last_opens', (SELECT count() FROM last_opens WHERE recipient_key IN (SELECT recipient_key FROM erasing WHERE recipient_key != 0)),
    'withdrawals', (SELECT count() FROM withdrawals WHERE message_id IN (SELECT message_id FROM erasing WHERE message_id != none))
) AS Map(String, UInt64)) AS counts
