-- Purpose: the current choice of each recipient, with the way in which it was made and the address if one is registered, for people.
-- Grain:   one row: the number of recipients, and lists with an element for each, the latest decision first.
-- Units:   times are Unix milliseconds; recipient keys are 32 hex digits. An empty recipient_key or choice means all.
-- Reads:   the tables consents and sends, so only as the warehouse user.
SELECT
    count() AS rows,
    groupArray(recipient_key_hex) AS keys,
    groupArray(recipient) AS recipients,
    groupArray(toInt8(latest.2)) AS choices,
    groupArray(latest.1) AS decided,
    groupArray(latest_method) AS methods,
    groupArray(latest_version) AS text_versions
FROM (
    SELECT recipient_key_hex, latest, latest_method, latest_version, recipient
    FROM (
        SELECT
            recipient_key,
            lower(hex(reinterpretAsFixedString(recipient_key))) AS recipient_key_hex,
            max((toUnixTimestamp64Milli(decided_at), toInt8(choice))) AS latest,
            argMax(toString(method), (decided_at, choice, recorded_at)) AS latest_method,
            argMax(toString(text_version), (decided_at, choice, recorded_at)) AS latest_version
        FROM consents
        WHERE purpose = {purpose:String}
          AND ({recipient:String} = '' OR lower(hex(reinterpretAsFixedString(recipient_key))) = {recipient:String})
        GROUP BY recipient_key
    ) AS current
    LEFT JOIN (
        SELECT recipient_key, any(recipient) AS recipient
        FROM sends
        WHERE recipient_key IN (SELECT recipient_key FROM consents)
        GROUP BY recipient_key
    ) AS addresses USING (recipient_key)
    ORDER BY latest DESC, recipient_key_hex
    LIMIT {limit:UInt64}
)
