-- Purpose: the current choice of each recipient, for one purpose.
-- Grain:   one row, for the recipients of one part: their number, and a record for each, one behind the other.
-- Units:   part from 0 to parts - 1; a record is recipient_key as UInt128, choice as a byte, decided_at as Int64 in Unix
--          milliseconds, in little-endian order.
-- Reads:   the table consents, so only as the warehouse user.
--
-- The latest decision holds, at equal times the most refusing one, whenever it was recorded.
SELECT count() AS recipients, arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(recipient_key), char(latest.2), reinterpretAsFixedString(latest.1)))) AS records
FROM (
    SELECT recipient_key, max((toUnixTimestamp64Milli(decided_at), toInt8(choice))) AS latest
    FROM consents
    WHERE purpose = {purpose:String} AND toUInt64(bitShiftRight(recipient_key, 64)) % {parts:UInt64} = {part:UInt64}
    GROUP BY recipient_key
)
