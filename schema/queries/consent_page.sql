-- Purpose: the ledger of choices, page by page in the order of its hash chains.
-- Grain:   one row: the number of choices in the page, and lists with an element for each.
-- Units:   times are Unix milliseconds; recipient keys are 32 hex digits. An empty recipient means all.
-- Reads:   the table consents, so only as the warehouse user.
SELECT
    count() AS rows,
    groupArray(node) AS nodes,
    groupArray(sequence) AS sequences,
    groupArray(recipient) AS recipients,
    groupArray(toString(purpose)) AS purposes,
    groupArray(toInt8(choice)) AS choices,
    groupArray(toUnixTimestamp64Milli(decided_at)) AS decided,
    groupArray(toUnixTimestamp64Milli(recorded_at)) AS recorded,
    groupArray(toString(method)) AS methods,
    groupArray(toString(text_hash)) AS text_hashes,
    groupArray(toString(text_version)) AS text_versions,
    groupArray(previous_hash) AS previous_hashes,
    groupArray(hash) AS hashes
FROM (
    SELECT *, lower(hex(reinterpretAsFixedString(recipient_key))) AS recipient
    FROM consents
    WHERE (node, sequence) > ({node:String}, {sequence:UInt64})
      AND ({recipient:String} = '' OR lower(hex(reinterpretAsFixedString(recipient_key))) = {recipient:String})
    ORDER BY node, sequence
    LIMIT {limit:UInt64}
)
