-- Purpose: the latest computed report of a campaign: the same numbers as campaign_report, at the cost of one row.
-- Grain:   one row per campaign name whose report has been computed.
-- Units:   as in campaign_report, campaign_estimates and opens_by_class, whose rows are lists here.
-- Engine:  a plain view over campaign_totals, campaign_estimate_totals and campaign_changes; a filter on campaign_id reaches their keys.
--
-- is_current: no insert has touched the campaign since, so that campaign_report has the same numbers. estimates_are_current: the
-- estimates were computed with the numbers, and none has touched the campaigns that were sent in the 90 days before, on whose opens
-- they rest.
CREATE OR REPLACE VIEW campaign_snapshots
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    sends Int64 COMMENT 'Messages of complete registrations, without tests',
    delivered Int64 COMMENT 'Sends that are not known to have bounced, or that arrived nevertheless',
    opens_total Int64 COMMENT 'Opens of registered messages, machines included; every request for the pixel is one',
    unique_opens Int64 COMMENT 'Messages with at least one open, machines included',
    bot_filtered_unique_opens Int64 COMMENT 'Measured messages with an open by a person, by Apple Mail in a way that may hide one, or of unknown kind',
    reliable_unique_opens Int64 COMMENT 'Measured messages that a person opened, directly or through a proxy that fetches when a person looks',
    mpp_only Int64 COMMENT 'Measured messages that Apple Mail fetched in a way that may hide a person, without evidence of one',
    mpp_adjusted_open_rate Nullable(Float64) COMMENT 'reliable_unique_opens / (measured - mpp_only), a fraction of 1; NULL if that is 0',
    open_rate_low Nullable(Float64) COMMENT 'reliable_unique_opens / measured, a fraction of 1; NULL if measured is 0',
    open_rate_high Nullable(Float64) COMMENT 'bot_filtered_unique_opens / measured, a fraction of 1; NULL if measured is 0',
    ci_low Nullable(Float64) COMMENT 'Lower end of the 95 % Wilson interval of mpp_adjusted_open_rate: sampling error only',
    ci_high Nullable(Float64) COMMENT 'Upper end of the 95 % Wilson interval of mpp_adjusted_open_rate: sampling error only',
    first_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the first open, machines included, UTC; NULL without an open with a possible time',
    last_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the last open, machines included, UTC; NULL without an open with a possible time',
    unregistered_opens_total Int64 COMMENT 'Opens of messages that are not registered, or not completely; in no other column',
    unregistered_unique_opens Int64 COMMENT 'Messages of unregistered_opens_total',
    tests Int64 COMMENT 'Test messages: kept, and in no other column',
    measured Int64 COMMENT 'Delivered messages that are tracked individually; the base of every rate',
    measured_share Nullable(Float64) COMMENT 'measured / delivered, a fraction of 1; NULL if delivered is 0',
    unknown_only Int64 COMMENT 'Measured messages with an open of unknown kind, and none by a person or by Apple Mail that may hide one',
    confirmed_unique_opens Int64 COMMENT 'Measured messages that a person opened, or in which one clicked, replied or converted',
    bounced Int64 COMMENT 'Sends that bounced permanently, without evidence that they arrived nevertheless',
    clicked Int64 COMMENT 'Sends with a click by a person',
    click_rate Nullable(Float64) COMMENT 'clicked / delivered, a fraction of 1; NULL if delivered is 0',
    complained Int64 COMMENT 'Sends about which the recipient complained',
    unsubscribed Int64 COMMENT 'Sends by which the recipient unsubscribed',
    replied Int64 COMMENT 'Sends with a reply by a person; automatic replies do not count',
    first_reliable_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the first open by a person, UTC; NULL without an open with a possible time',
    last_reliable_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the last open by a person, UTC; NULL without an open with a possible time',
    unplaced Int64 COMMENT 'Measured messages that Apple Mail fetched from an unknown network',
    sends_with_time Int64 COMMENT 'Sends whose time of sending is known',
    first_sent_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First known time of sending, UTC; NULL if none is known',
    last_sent_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Last known time of sending, UTC; NULL if none is known',
    recovered_opens Int64 COMMENT 'Opens of opens_total whose token was found in a URL that was altered on its way',
    bounce_rate Nullable(Float64) COMMENT 'bounced / sends, a fraction of 1; NULL if sends is 0',
    click_to_open_rate Nullable(Float64) COMMENT 'Measured messages with a click by a person / confirmed_unique_opens, a fraction of 1; NULL if that is 0',
    complaint_rate Nullable(Float64) COMMENT 'complained / delivered, a fraction of 1; NULL if delivered is 0',
    unsubscribe_rate Nullable(Float64) COMMENT 'unsubscribed / delivered, a fraction of 1; NULL if delivered is 0',
    reply_rate Nullable(Float64) COMMENT 'replied / delivered, a fraction of 1; NULL if delivered is 0',
    computed_at DateTime64(3, 'UTC') COMMENT 'Time when these numbers were computed, UTC',
    estimates Array(Tuple(name String, rate Nullable(Float64), low Nullable(Float64), high Nullable(Float64), n Int64,
        assumption String, weaknesses Array(String))) COMMENT 'The rows of campaign_estimates',
    classes Array(Tuple(class String, opens_total Int64, unique_opens Int64)) COMMENT 'The rows of opens_by_class, the most opens first',
    is_current UInt8 COMMENT '1 if the campaign has not changed since',
    estimates_are_current UInt8 COMMENT '1 if the estimates are as new as the numbers, and the earlier mail that they depend on has not changed since',
    age_seconds Float64 COMMENT 'Seconds since these numbers began to be computed',
    account_rows Int64 COMMENT 'Messages and opens of all campaigns, at the last count'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH (
    SELECT groupArray((campaign_id, mark, starts_at, ends_at, size))
    FROM (
        SELECT campaign_id, sum(mark) AS mark, max(starts_at) AS starts_at, if(max(kept), max(ends_at), toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) AS ends_at, sum(size) AS size
        FROM (
            SELECT campaign_id, mark, toDateTime64(0, 3, 'UTC') AS starts_at, toDateTime64(0, 3, 'UTC') AS ends_at, 0 AS size, 0 AS kept
            FROM campaign_changes
            UNION ALL
            SELECT campaign_id, 0, totals.starts_at, ifNull(last_sent_at, totals.starts_at), sends + opens_total, 1
            FROM campaign_totals AS totals FINAL
        )
        WHERE campaign_id IN (SELECT campaign_id FROM campaign_names)
        GROUP BY campaign_id
    )
) AS campaigns
SELECT
    campaign_id,
    campaign,
    sends,
    delivered,
    opens_total,
    unique_opens,
    bot_filtered_unique_opens,
    reliable_unique_opens,
    mpp_only,
    mpp_adjusted_open_rate,
    open_rate_low,
    open_rate_high,
    ci_low,
    ci_high,
    first_open_at,
    last_open_at,
    unregistered_opens_total,
    unregistered_unique_opens,
    tests,
    measured,
    measured_share,
    unknown_only,
    confirmed_unique_opens,
    bounced,
    clicked,
    click_rate,
    complained,
    unsubscribed,
    replied,
    first_reliable_open_at,
    last_reliable_open_at,
    unplaced,
    sends_with_time,
    first_sent_at,
    last_sent_at,
    recovered_opens,
    bounce_rate,
    click_to_open_rate,
    complaint_rate,
    unsubscribe_rate,
    reply_rate,
    computed_at,
    estimates,
    classes,
    totals.mark = current_mark AS is_current,
    estimates_mark = totals.mark AND history_start = starts_at AND history_mark = arraySum(other -> if(
        other.1 != campaign_id AND other.3 < starts_at AND other.4 >= starts_at - INTERVAL 90 DAY, other.2, 0), campaigns) AS estimates_are_current,
    dateDiff('millisecond', read_at, now64(3, 'UTC')) / 1000 AS age_seconds,
    toInt64(arraySum(other -> other.5, campaigns)) AS account_rows
FROM (
    SELECT *, arraySum(other -> if(other.1 = campaign_id, other.2, 0), campaigns) AS current_mark
    FROM campaign_totals FINAL
    WHERE campaign_id IN (SELECT campaign_id FROM campaign_names)
) AS totals
INNER JOIN (
    SELECT campaign_id, mark AS estimates_mark, history_mark, history_start, estimates
    FROM campaign_estimate_totals FINAL
) AS estimators USING (campaign_id)
