-- Purpose: the campaigns that a run must judge: with opens or clicks since a time of opening, and data received since a time of receipt.
-- Grain:   one row: the number of campaigns, and lists with an element for each, by id: the campaign, and how many opens it has.
-- Units:   opens counts rows, repeats and earlier verdicts included.
-- Reads:   the tables opens, deliveries and sends, so only as the warehouse user.
SELECT count() AS campaigns, groupArray(campaign_id) AS ids, groupArray(opens) AS opens_list
FROM (
    SELECT campaign_id, sum(opens) AS opens
    FROM (
        SELECT campaign_id, count() AS opens, countIf(opened_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')) AS recent,
            max(received_at) AS last_received
        FROM opens GROUP BY campaign_id
        UNION ALL
        SELECT campaign_id, 0, countIf(kind = 'clicked' AND occurred_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')), max(received_at)
        FROM deliveries GROUP BY campaign_id
        UNION ALL
        SELECT campaign_id, 0, 0, max(registered_at)
        FROM sends GROUP BY campaign_id
    )
    GROUP BY campaign_id
    HAVING sum(recent) > 0 AND max(last_received) >= fromUnixTimestamp64Milli({touched_ms:Int64}, 'UTC')
    ORDER BY campaign_id
)
