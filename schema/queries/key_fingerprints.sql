-- Purpose: the signing keys that have ever been used with this database.
-- Grain:   one row: the number of keys, and lists with an element for each, by id and fingerprint.
-- Units:   first_seen in Unix milliseconds. Two copies of a key that have not merged yet are one.
-- Reads:   the table key_fingerprints, so only as the warehouse user.
SELECT
    count() AS keys,
    groupArray(key_id) AS key_id_list,
    groupArray(fingerprint) AS fingerprint_list,
    groupArray(first_ms) AS first_ms_list
FROM (
    SELECT key_id, fingerprint, min(toUnixTimestamp64Milli(first_seen)) AS first_ms
    FROM key_fingerprints
    GROUP BY key_id, fingerprint
    ORDER BY key_id, fingerprint
)
