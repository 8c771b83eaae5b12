-- Purpose: the state of one registration.
-- Grain:   one row: the last state, and whether it was ever complete; 0 if it never began.
-- Units:   state as in the table.
-- Reads:   the table registrations by the campaign's range of its key, so only as the warehouse user.
SELECT
    argMax(toInt8(state), step) AS last_state,
    countIf(state = 'complete') > 0 AS was_complete
FROM registrations
WHERE campaign_id = {campaign_id:UInt64} AND registration_id = {registration_id:UInt64}
