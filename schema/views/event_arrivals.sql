-- Purpose: the arrivals of events in the warehouse within the last day: the cursor of programs that follow arrived_events and arrived_web_events.
-- Grain:   one row per insert of events and campaign.
-- Units:   times are UTC milliseconds.
-- Engine:  a plain view over arrivals; a filter on arrived_at reaches its key.
CREATE OR REPLACE VIEW event_arrivals
(
    arrived_at DateTime64(3, 'UTC') COMMENT 'Time when the events arrived, by the clock of the warehouse, UTC; they are visible at most seconds later',
    campaign_id UInt64 COMMENT 'Id of the campaign; 0: page views and custom events',
    received_from DateTime64(3, 'UTC') COMMENT 'First received_at of the arrived events, UTC',
    received_to DateTime64(3, 'UTC') COMMENT 'Last received_at of the arrived events, UTC',
    events Int64 COMMENT 'Number of arrived events, repeats included'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT arrived_at, campaign_id, received_from, received_to, toInt64(events) AS events
FROM arrivals AS inserts
