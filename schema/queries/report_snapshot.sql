-- Purpose: the latest computed report of one campaign.
-- Grain:   one row: the number of snapshots, 0 or 1, and the snapshot.
-- Units:   as in views/campaign_snapshots.sql; the lists are of estimates, then of classes.
-- Reads:   the view campaign_snapshots, which the read-only user may read.
SELECT
    count() AS snapshots, any(is_current), any(estimates_are_current), any(age_seconds), toUInt64(any(account_rows)),
    any(campaign), any(campaign_id), toUInt64(any(sends)), toUInt64(any(delivered)), toUInt64(any(opens_total)),
    toUInt64(any(unique_opens)), toUInt64(any(bot_filtered_unique_opens)), toUInt64(any(reliable_unique_opens)),
    toUInt64(any(mpp_only)), any(mpp_adjusted_open_rate), any(open_rate_low), any(open_rate_high), any(ci_low), any(ci_high),
    any(first_open_at), any(last_open_at), toUInt64(any(unregistered_opens_total)), toUInt64(any(unregistered_unique_opens)),
    toUInt64(any(tests)), toUInt64(any(measured)), any(measured_share), toUInt64(any(unknown_only)),
    toUInt64(any(confirmed_unique_opens)), toUInt64(any(bounced)), toUInt64(any(clicked)), any(click_rate),
    toUInt64(any(complained)), toUInt64(any(unsubscribed)), toUInt64(any(replied)), any(first_reliable_open_at),
    any(last_reliable_open_at), toUInt64(any(unplaced)), toUInt64(any(sends_with_time)), any(last_sent_at), toUInt64(any(recovered_opens)),
    any(bounce_rate), any(click_to_open_rate), any(complaint_rate), any(unsubscribe_rate), any(reply_rate), any(computed_at),
    any(arrayMap(x -> x.1, estimates)), any(arrayMap(x -> x.2, estimates)), any(arrayMap(x -> x.3, estimates)),
    any(arrayMap(x -> x.4, estimates)), any(arrayMap(x -> toUInt64(x.5), estimates)), any(arrayMap(x -> x.6, estimates)),
    any(arraySort(arrayDistinct(arrayFlatten(arrayMap(x -> x.7, estimates))))),
    any(arrayMap(x -> x.1, classes)), any(arrayMap(x -> toUInt64(x.2), classes)), any(arrayMap(x -> toUInt64(x.3), classes))
FROM campaign_snapshots
WHERE campaign_id = {campaign_id:UInt64}
