-- Purpose: the campaigns by name; who has a name finds the id here first, since only the id leads to a key.
-- Grain:   one row per campaign name; where a race gave a name to two ids, the oldest id alone.
-- Units:   created_at is UTC milliseconds.
-- Engine:  a plain view over campaigns, which is small: grouped by name, it is read whole unless the filter is a name.
CREATE OR REPLACE VIEW campaign_names
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    created_at DateTime64(3, 'UTC') COMMENT 'Time when the campaign was made, UTC'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT oldest.2 AS campaign_id, name AS campaign, oldest.1 AS created_at
FROM (
    SELECT name, min((created_at, campaign_id)) AS oldest
    FROM campaigns FINAL
    GROUP BY name
)
