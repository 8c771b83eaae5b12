-- Purpose: the messages of one campaign that are in a list of openers, of non-openers, or all of them, with their recipients.
-- Grain:   a record for each of the first by recipient, as many as are asked for, behind one with the kept columns' names, before an end.
-- Units:   a record begins with a byte: 0, and the names follow as texts behind their lengths; 1, and a message follows: recipient, NUL,
--          message_id as two UInt64 · flags as UInt16 · tracking as a byte · opens as UInt32 · sent_at, first and last open, first and
--          last open by a person as Int64, Unix milliseconds, 0 = not known · the kept columns, as texts behind their lengths; 2, the
--          end. Numbers are in little-endian order, lengths UInt32.
-- Reads:   the table sends and the views message_opens and recipient_history, so only as the warehouse user.
--
-- One text a row is read ten times faster than a row of as many values, and sorted with nothing to carry along; a recipient has no
-- control characters. Flags, from the lowest: measured, test, bounced, R (a person opened it), P (Apple Mail may hide one), U (unknown
-- client), C (a person clicked, replied or converted). certain non-openers are visible by their history: other mail of 90 days, none of
-- it fetched by Apple Mail.
WITH (SELECT arraySort(groupUniqArrayArray(mapKeys(attributes))) FROM sends FINAL WHERE campaign_id = {campaign_id:UInt64}) AS names
SELECT record
FROM (
    SELECT concat(char(0), arrayStringConcat(arrayMap(name -> concat(reinterpretAsFixedString(toUInt32(length(name))), name), names))) AS record
    UNION ALL
    SELECT concat(
        char(1), recipient, char(0),
        reinterpretAsFixedString(sends.message_id),
        reinterpretAsFixedString(flags),
        char(toInt8(tracking)),
        reinterpretAsFixedString(toUInt32(opens)),
        reinterpretAsFixedString(sent_ms), reinterpretAsFixedString(first_ms), reinterpretAsFixedString(last_ms),
        reinterpretAsFixedString(first_reliable_ms), reinterpretAsFixedString(last_reliable_ms),
        arrayStringConcat(arrayMap(name -> concat(reinterpretAsFixedString(toUInt32(length(attributes[name]))), attributes[name]), names)))
    FROM (SELECT message_id, recipient, tracking, attributes FROM sends FINAL WHERE campaign_id = {campaign_id:UInt64}) AS sends
    INNER JOIN (
        SELECT message_id, opens,
            toUInt16(measured + test * 2 + bounced * 4 + reliable * 8 + masked * 16 + unknown * 32 + confirmed * 64) AS flags,
            toUnixTimestamp64Milli(sent_at) AS sent_ms,
            if(timed, toUnixTimestamp64Milli(first_open), 0) AS first_ms,
            if(timed, toUnixTimestamp64Milli(last_open), 0) AS last_ms,
            if(timed_reliable, toUnixTimestamp64Milli(first_reliable_open), 0) AS first_reliable_ms,
            if(timed_reliable, toUnixTimestamp64Milli(last_reliable_open), 0) AS last_reliable_ms
        FROM message_opens
        WHERE campaign_id = {campaign_id:UInt64} AND multiIf(
            {list:String} = 'all', registered OR test,
            {list:String} = 'openers_certain', measured AND (reliable OR confirmed),
            {list:String} = 'openers_likely', measured AND (reliable OR confirmed OR unknown),
            {list:String} = 'openers_cannot_tell', measured AND masked AND NOT (reliable OR confirmed OR unknown),
            {list:String} = 'nonopeners_certain', measured AND opens = 0 AND NOT confirmed AND recipient_key IN (
                SELECT recipient_key
                FROM recipient_history
                WHERE campaign_id = {campaign_id:UInt64} AND NOT masked AND {list:String} = 'nonopeners_certain'),
            {list:String} = 'nonopeners_likely', measured AND opens = 0 AND NOT confirmed,
            {list:String} = 'nonopeners_cannot_tell', measured AND (masked OR unknown) AND NOT (reliable OR confirmed),
            0)
    ) AS states ON states.message_id = sends.message_id
    UNION ALL
    SELECT char(2)
)
ORDER BY record
LIMIT {records:UInt64}
