-- Purpose: how the table of opens is spread over servers, and what a server has of it.
-- Grain:   one row: the definition of opens if it reads other servers, else ''; its parts on this server, and its plain form; the place of this server.
-- Units:   place is the comment that migrate gives the table opens_swept_local; the forms are counts of tables, 0 or 1.
-- Reads:   system.tables.
SELECT anyIf(engine_full, name = 'opens' AND engine = 'Distributed') AS distributed,
    countIf(name = 'opens_local') AS parts, countIf(name = 'opens' AND engine != 'Distributed') AS plain,
    anyIf(comment, name = 'opens_swept_local') AS place
FROM system.tables
WHERE database = currentDatabase() AND name IN ('opens', 'opens_local', 'opens_swept_local')
