-- Purpose: the state of one registration, and the number of its messages that are stored.
-- Grain:   one row: the last state, and whether it was ever complete; 0 if it never began.
-- Units:   state as in the table; rows of sends, each message once.
-- Reads:   the tables registrations and sends by the campaign's range of their keys, so only as the warehouse user.
SELECT
    (SELECT argMax(toInt8(state), step) FROM registrations
     WHERE campaign_id = {campaign_id:UInt64} AND registration_id = {registration_id:UInt64}) AS state,
    (SELECT countIf(state = 'complete') > 0 FROM registrations
     WHERE campaign_id = {campaign_id:UInt64} AND registration_id = {registration_id:UInt64}) AS was_complete,
    (SELECT uniqExact(message_id) FROM sends
     WHERE campaign_id = {campaign_id:UInt64} AND registration = {registration_id:UInt64}) AS messages
