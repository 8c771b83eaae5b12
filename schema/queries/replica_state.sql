-- Purpose: whether a server's tables can be written, and how far they are behind the other replicas' tables.
-- Grain:   one row: the tables that replicate, the tables that cannot be written, and how far behind the slowest is.
-- Units:   seconds.
-- Reads:   system.replicas.
SELECT count() AS tables, countIf(is_readonly) AS read_only, max(absolute_delay) AS behind
FROM system.replicas
WHERE database = currentDatabase()
