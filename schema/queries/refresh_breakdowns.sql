-- Purpose: computes and stores the breakdowns of one campaign.
-- Grain:   one row, or none if its numbers have not been computed.
-- Units:   mark and read_at are of the answer of campaign_marks, asked before.
-- Reads:   the table campaign_totals, and the views quarter_hour_counts, time_to_open and breakdown_counts.
INSERT INTO campaign_breakdowns (campaign_id, computed_at, read_at, mark, campaign_rows, first_sent_at, quarter_hours, delays, dimensions)
SELECT campaign_id, now64(3, 'UTC'), {read_at:DateTime64(3, 'UTC')}, {mark:UInt64}, sends + opens_total + unregistered_opens_total, first_sent_at, quarter_list, delay_list, dimension_list
FROM (SELECT campaign_id, sends, opens_total, unregistered_opens_total, first_sent_at FROM campaign_totals FINAL WHERE campaign_id = {campaign_id:UInt64}) AS totals
CROSS JOIN (
    SELECT arraySort(counted -> counted.1, groupArray((quarter_hour, opens, unique_opens, reliable_unique_opens))) AS quarter_list
    FROM quarter_hour_counts
    WHERE campaign_id = {campaign_id:UInt64}
) AS quarters
CROSS JOIN (
    SELECT arraySort(counted -> ifNull(counted.1, 9223372036854775807), groupArray((from_minutes, to_minutes, messages))) AS delay_list
    FROM time_to_open
    WHERE campaign_id = {campaign_id:UInt64}
) AS delays
CROSS JOIN (
    SELECT arraySort(counted -> (-counted.3, -counted.4, counted.2), groupArray((dimension, value, unique_opens, reliable_unique_opens))) AS dimension_list
    FROM breakdown_counts
    WHERE campaign_id = {campaign_id:UInt64}
) AS dimensions
