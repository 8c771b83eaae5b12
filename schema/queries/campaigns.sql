-- Purpose: the campaigns, for lists: name, subject, variant and whether they are archived.
-- Grain:   one row: the number of campaigns, and lists with an element for each, the latest first, up to the limit.
-- Units:   created_at is UTC milliseconds since 1970.
-- Reads:   the view campaign_names, which the read-only user may read.
SELECT
    count() AS campaigns,
    groupArray(campaign_id) AS campaign_id_list,
    groupArray(campaign) AS campaign_list,
    groupArray(subject) AS subject_list,
    groupArray(variant) AS variant_list,
    groupArray(archived) AS archived_list,
    groupArray(toUnixTimestamp64Milli(created_at)) AS created_at_list
FROM (
    SELECT campaign_id, campaign, subject, variant, archived, created_at
    FROM campaign_names
    ORDER BY created_at DESC, campaign_id
    LIMIT {limit:UInt64}
)
