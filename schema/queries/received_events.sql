-- Purpose: the events that were received in a span of time, for glint audit.
-- Grain:   one row per event and verdict, or copy that has not merged yet, of one part of all events.
-- Units:   from_ms (included) and until_ms (excluded) in Unix milliseconds; part from 0 to parts - 1.
-- Reads:   of the table opens two columns, one of them as a whole; only as the warehouse user.
--
-- A reader that cannot hold all of them reads part by part. The multiplication distributes events over the parts, even
-- events with invented ids.
--
-- The rows are streamed, so an answer that was cut off looks like a short one. Its reader must look up the events
-- that it misses: see missing_opens.
SELECT event_id
FROM opens
WHERE received_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND bitShiftRight(event_id * 11400714819323198485, 32) % {parts:UInt64} = {part:UInt64}
