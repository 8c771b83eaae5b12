-- Purpose: the times at which page views and custom events arrived in the warehouse, for programs that follow them.
-- Grain:   one more row of arrivals per insert into web_events, with the campaign 0.
-- Units:   as in arrivals: times are UTC milliseconds.
-- Engine:  a materialized view into arrivals.
-- Key:     as in arrivals: (arrived_at, campaign_id). No campaign has the id 0.
-- +goose NO TRANSACTION
-- +goose Up
CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_of_web_events_mv TO arrivals
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT now64(3, 'UTC') AS arrived_at, toUInt64(0) AS campaign_id, min(received_at) AS received_from, max(received_at) AS received_to, count() AS events
FROM web_events HAVING events > 0;
ALTER TABLE arrivals_of_web_events_mv MODIFY COMMENT 'Fills arrivals from every insert into web_events';
