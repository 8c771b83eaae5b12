-- Purpose: the campaigns by name. Look up the id here first, since only the id leads to a key.
-- Grain:   one row per campaign name; where a race gave a name to two ids, the oldest id alone.
-- Units:   created_at is UTC milliseconds.
-- Engine:  a plain view over campaigns, which is small and read whole.
CREATE OR REPLACE VIEW campaign_names
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    created_at DateTime64(3, 'UTC') COMMENT 'Time when the campaign was created, UTC',
    subject String COMMENT 'Subject of the mail; empty if it is not known',
    variant String COMMENT 'Variant of the campaign; empty if there is none',
    archived UInt8 COMMENT '1 if the campaign is archived: lists omit it',
    sent_known UInt8 COMMENT '0 if the campaign is known from logs only, so that the number of sent messages is unknown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, name AS campaign, created_at, subject, variant, archived, sent_known
FROM campaigns FINAL
ORDER BY created_at, campaign_id
LIMIT 1 BY name
