-- Purpose: which events came into the warehouse when, of the last day: the cursor of those who follow arrived_events.
-- Grain:   one row per insert of events and campaign.
-- Units:   times are UTC milliseconds.
-- Engine:  a plain view over arrivals; a filter on arrived_at reaches its key.
CREATE OR REPLACE VIEW event_arrivals
(
    arrived_at DateTime64(3, 'UTC') COMMENT 'Time when the events came, by the clock of the warehouse, UTC; they are visible seconds later at most',
    campaign_id UInt64 COMMENT 'Id of the campaign',
    received_from DateTime64(3, 'UTC') COMMENT 'First received_at of the events that came, UTC',
    received_to DateTime64(3, 'UTC') COMMENT 'Last received_at of the events that came, UTC',
    events Int64 COMMENT 'Number of events that came, repeats included'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT arrived_at, campaign_id, received_from, received_to, toInt64(events) AS events
FROM arrivals AS inserts
