-- Purpose: the start time of the server, so that a server that ended without its last writes is detected.
-- Grain:   one row.
-- Units:   Unix seconds of the server's clock; two answers about one start may differ by a second.
-- Reads:   nothing.
SELECT toInt64(toUnixTimestamp(now())) - toInt64(uptime()) AS started
