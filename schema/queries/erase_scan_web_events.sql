-- Purpose: the texts of page views and custom events that may contain an address.
-- Grain:   one row: the number of rows of the page, and lists with an element for each.
-- Units:   occurred_at in Unix milliseconds; the parameters after_… are the key of the last row of the page before.
-- Reads:   the table web_events by its key, so only as the warehouse user.
SELECT count() AS rows, groupArray(site) AS sites, groupArray(name) AS names, groupArray(occurred_ms) AS occurred, groupArray(event_id) AS events, groupArray(text) AS texts
FROM (
    SELECT toString(site) AS site, toString(name) AS name, toUnixTimestamp64Milli(occurred_at) AS occurred_ms, event_id,
        concat(page_path, '\n', title, '\n', referrer_path, '\n', utm_term, '\n', utm_content, '\n', properties, '\n', extra) AS text
    FROM web_events
    WHERE (site, name, occurred_at, event_id) > ({after_site:String}, {after_name:String}, fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC'), {after_event:UInt64})
        AND (position(text, '@') > 0 OR positionCaseInsensitive(text, '%40') > 0 OR positionCaseInsensitive(text, 'u0040') > 0)
    ORDER BY site, name, occurred_at, event_id
    LIMIT {limit:UInt64}
)
