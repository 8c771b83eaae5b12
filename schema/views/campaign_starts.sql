-- Purpose: the time at which each campaign began to be sent, or was made if no time of sending is known.
-- Grain:   one row per campaign name.
-- Units:   starts_at is UTC milliseconds.
-- Engine:  a plain view; UNION ALL and GROUP BY let a filter on campaign_id pass.
CREATE OR REPLACE VIEW campaign_starts
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    starts_at DateTime64(3, 'UTC') COMMENT 'First known time of sending of a message that counts, or else the time when the campaign was created, UTC',
    sent_known UInt8 COMMENT '1 if starts_at is a time of sending'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, if(sent_known, minIf(at, is_sent), minIf(at, named)) AS starts_at, max(is_sent) AS sent_known
FROM (
    SELECT campaign_id, 1 AS named, 0 AS is_sent, created_at AS at
    FROM campaign_names
    UNION ALL
    SELECT campaign_id, 0, registered AND sent_at > 0, sent_at
    FROM message_opens
)
GROUP BY campaign_id
HAVING max(named)
