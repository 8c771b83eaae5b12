-- Purpose: the current choices of a few recipients, for one purpose.
-- Grain:   one row: the number of recipients with a choice, and a record for each, one behind the other.
-- Units:   a record is as in current_choices.
-- Reads:   the table consents, so only as the warehouse user.
--
-- The keys come as an external table wanted_recipients (low UInt64, high UInt64). The latest decision holds, at equal times
-- the most refusing one.
SELECT count() AS recipients, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(recipient_key), char(latest.2), reinterpretAsFixedString(latest.1)))) AS records
FROM (
    SELECT recipient_key, max((toUnixTimestamp64Milli(decided_at), toInt8(choice))) AS latest
    FROM consents
    WHERE purpose = {purpose:String} AND recipient_key IN (
        SELECT bitOr(bitShiftLeft(toUInt128(high), 64), toUInt128(low)) FROM wanted_recipients)
    GROUP BY recipient_key
)
