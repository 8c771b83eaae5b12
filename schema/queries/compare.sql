-- Purpose: compares two campaigns: the recipients who got both, and the number of them who opened each.
-- Grain:   one row.
-- Units:   four counts of recipients for each of two populations, in this order: opened both, only a, only b, neither; then for a and
--          for b the visible messages, those that a person opened, the measured messages, and those that a person opened.
-- Reads:   the views message_opens, recipient_history, estimate_counts and campaign_names, so only as the warehouse user.
--
-- The first population are the recipients who are visible in both campaigns: other measured mail in the 90 days before each, none of
-- it masked, and neither message masked. The second are all who got a measured message of both. A campaign that is known from logs
-- only counts nowhere, since its recipients are unknown.
SELECT
    both.1, both.2, both.3, both.4, both.5, both.6, both.7, both.8,
    counts_a.1, counts_a.2, counts_a.3, counts_a.4, counts_b.1, counts_b.2, counts_b.3, counts_b.4
FROM (
    SELECT
        (SELECT tuple(
            countIf(visible AND opened_a AND opened_b), countIf(visible AND opened_a AND NOT opened_b),
            countIf(visible AND NOT opened_a AND opened_b), countIf(visible AND NOT opened_a AND NOT opened_b),
            countIf(opened_a AND opened_b), countIf(opened_a AND NOT opened_b),
            countIf(NOT opened_a AND opened_b), countIf(NOT opened_a AND NOT opened_b))
        FROM (
            SELECT min(is_visible) AS visible, maxIf(opened, campaign_id = {a:UInt64}) AS opened_a, maxIf(opened, campaign_id = {b:UInt64}) AS opened_b
            FROM (
                SELECT own.campaign_id AS campaign_id, own.recipient_key AS recipient_key, own.opened AS opened,
                    NOT own.hidden AND past.messages > 0 AND NOT past.masked AS is_visible
                FROM (
                    SELECT campaign_id, recipient_key, max(reliable) AS opened, max(masked) AS hidden
                    FROM message_opens
                    WHERE campaign_id IN ({a:UInt64}, {b:UInt64}) AND measured AND recipient_key != 0
                        AND campaign_id IN (SELECT campaign_id FROM campaign_names WHERE sent_known)
                    GROUP BY campaign_id, recipient_key
                ) AS own
                LEFT JOIN (
                    SELECT campaign_id, recipient_key, messages, masked
                    FROM recipient_history
                    WHERE campaign_id IN ({a:UInt64}, {b:UInt64})
                ) AS past ON past.campaign_id = own.campaign_id AND past.recipient_key = own.recipient_key
            )
            GROUP BY recipient_key
            HAVING count() = 2
        )) AS both,
        (SELECT tuple(toUInt64(sum(visible)), toUInt64(sum(visible_reliable)), toUInt64(sum(measured)), toUInt64(sum(reliable)))
        FROM estimate_counts WHERE campaign_id = {a:UInt64} AND sent_known) AS counts_a,
        (SELECT tuple(toUInt64(sum(visible)), toUInt64(sum(visible_reliable)), toUInt64(sum(measured)), toUInt64(sum(reliable)))
        FROM estimate_counts WHERE campaign_id = {b:UInt64} AND sent_known) AS counts_b
)
SETTINGS join_use_nulls = 0
