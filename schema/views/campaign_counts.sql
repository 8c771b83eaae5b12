-- Purpose: the numbers of a campaign: counts, and the rates that follow from them. The only place where messages become numbers.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages, but for opens_total and unregistered_opens_total, which count events; rates are fractions of 1; times are UTC
--          milliseconds, NULL without an open with a possible time.
-- Engine:  a plain view over message_opens. The names join by UNION ALL too, so that the filter on campaign_id passes.
--
-- A campaign without a row in campaigns is not shown, even if opens have its id: they wait until it is registered.
-- delivered + bounced = sends. A number that is part of a rate counts measured messages only, so that no rate exceeds 1. Opens of
-- messages that are not registered, or whose registration is not complete, are in the two unregistered columns and in no other;
-- tests are in tests only. campaign_report explains the rates.
CREATE OR REPLACE VIEW campaign_counts
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
    first_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the first open, machines included, UTC; NULL without an open with a possible time',
    last_open_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the last open, machines included, UTC; NULL without an open with a possible time',
    unregistered_opens_total Int64 COMMENT 'Opens of messages that are not registered, or not completely; in no other column',
    unregistered_unique_opens Int64 COMMENT 'Messages of unregistered_opens_total',
    tests Int64 COMMENT 'Test messages: kept, and in no other column',
    measured Int64 COMMENT 'Delivered messages that are tracked individually; the base of every rate',
    unknown_only Int64 COMMENT 'Measured messages with an open of unknown kind, and none by a person or by Apple Mail that may hide one',
    confirmed_unique_opens Int64 COMMENT 'Measured messages that a person opened, or in which one clicked, replied or converted',
    bounced Int64 COMMENT 'Sends that bounced permanently, without evidence that they arrived nevertheless',
    clicked Int64 COMMENT 'Sends with a click by a person',
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
    measured_clicked Int64 COMMENT 'Measured messages with a click by a person',
    mpp_adjusted_open_rate Nullable(Float64) COMMENT 'reliable_unique_opens / (measured - mpp_only), a fraction of 1; NULL if that is 0',
    open_rate_low Nullable(Float64) COMMENT 'reliable_unique_opens / measured, a fraction of 1; NULL if measured is 0',
    open_rate_high Nullable(Float64) COMMENT 'bot_filtered_unique_opens / measured, a fraction of 1; NULL if measured is 0',
    ci_low Nullable(Float64) COMMENT 'Lower end of the 95 % Wilson interval of mpp_adjusted_open_rate: sampling error only',
    ci_high Nullable(Float64) COMMENT 'Upper end of the 95 % Wilson interval of mpp_adjusted_open_rate: sampling error only',
    measured_share Nullable(Float64) COMMENT 'measured / delivered, a fraction of 1; NULL if delivered is 0',
    click_rate Nullable(Float64) COMMENT 'clicked / delivered, a fraction of 1; NULL if delivered is 0',
    bounce_rate Nullable(Float64) COMMENT 'bounced / sends, a fraction of 1; NULL if sends is 0',
    click_to_open_rate Nullable(Float64) COMMENT 'Measured messages with a click by a person / confirmed_unique_opens, a fraction of 1; NULL if that is 0',
    complaint_rate Nullable(Float64) COMMENT 'complained / delivered, a fraction of 1; NULL if delivered is 0',
    unsubscribe_rate Nullable(Float64) COMMENT 'unsubscribed / delivered, a fraction of 1; NULL if delivered is 0',
    reply_rate Nullable(Float64) COMMENT 'replied / delivered, a fraction of 1; NULL if delivered is 0',
    sent_known UInt8 COMMENT '0 if the number of sent messages is unknown, so that the campaign has no rate',
    classes Array(Tuple(class String, opens_total Int64, unique_opens Int64)) COMMENT 'Opens of registered messages by class, the most opens first; a message with two classes counts in both'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    1.959963984540054 AS z,
    if(sent_known, nullIf(measured, 0), NULL) AS denominator,
    if(sent_known, nullIf(measured - mpp_only, 0), NULL) AS adjusted_denominator,
    if(sent_known, nullIf(delivered, 0), NULL) AS delivered_base,
    adjusted_denominator - reliable_unique_opens AS misses,
    z * sqrt(toFloat64(reliable_unique_opens) * misses / adjusted_denominator + z * z / 4) AS spread
SELECT
    campaign_id,
    max(name) AS campaign,
    toInt64(countIf(registered)) AS sends,
    toInt64(countIf(registered AND NOT message_bounced)) AS delivered,
    toInt64(sumIf(opens, registered)) AS opens_total,
    toInt64(countIf(registered AND opens > 0)) AS unique_opens,
    toInt64(countIf(is_measured AND (reliable OR masked OR unknown))) AS bot_filtered_unique_opens,
    toInt64(countIf(is_measured AND reliable)) AS reliable_unique_opens,
    toInt64(countIf(is_measured AND masked AND NOT reliable)) AS mpp_only,
    minOrNullIf(first_open, registered AND timed) AS first_open_at,
    maxOrNullIf(last_open, registered AND timed) AS last_open_at,
    toInt64(sumIf(opens, NOT registered AND NOT test)) AS unregistered_opens_total,
    toInt64(countIf(opens > 0 AND NOT registered AND NOT test)) AS unregistered_unique_opens,
    toInt64(countIf(test)) AS tests,
    toInt64(countIf(is_measured)) AS measured,
    toInt64(countIf(is_measured AND unknown AND NOT reliable AND NOT masked)) AS unknown_only,
    toInt64(countIf(is_measured AND (reliable OR confirmed))) AS confirmed_unique_opens,
    sends - delivered AS bounced,
    toInt64(countIf(registered AND message_clicked)) AS clicked,
    toInt64(countIf(registered AND message_complained)) AS complained,
    toInt64(countIf(registered AND message_unsubscribed)) AS unsubscribed,
    toInt64(countIf(registered AND message_replied)) AS replied,
    minOrNullIf(first_reliable_open, registered AND timed_reliable) AS first_reliable_open_at,
    maxOrNullIf(last_reliable_open, registered AND timed_reliable) AS last_reliable_open_at,
    toInt64(countIf(is_measured AND is_unplaced)) AS unplaced,
    toInt64(countIf(registered AND sent_at > 0)) AS sends_with_time,
    minOrNullIf(sent_at, registered AND sent_at > 0) AS first_sent_at,
    maxOrNullIf(sent_at, registered AND sent_at > 0) AS last_sent_at,
    toInt64(sumIf(recovered, registered)) AS recovered_opens,
    toInt64(countIf(is_measured AND message_clicked)) AS measured_clicked,
    reliable_unique_opens / adjusted_denominator AS mpp_adjusted_open_rate,
    reliable_unique_opens / denominator AS open_rate_low,
    bot_filtered_unique_opens / denominator AS open_rate_high,
    (reliable_unique_opens + z * z / 2 - spread) / (adjusted_denominator + z * z) AS ci_low,
    1 - (misses + z * z / 2 - spread) / (adjusted_denominator + z * z) AS ci_high,
    measured / delivered_base AS measured_share,
    clicked / delivered_base AS click_rate,
    bounced / if(sent_known, nullIf(sends, 0), NULL) AS bounce_rate,
    measured_clicked / if(sent_known, nullIf(confirmed_unique_opens, 0), NULL) AS click_to_open_rate,
    complained / delivered_base AS complaint_rate,
    unsubscribed / delivered_base AS unsubscribe_rate,
    replied / delivered_base AS reply_rate,
    toUInt8(max(names_sent_known)) AS sent_known,
    arraySort(counted -> (-counted.2, counted.1), arrayFilter(counted -> counted.2 > 0, [
        ('unknown', toInt64(sumIf(by_class.1, registered)), toInt64(countIf(registered AND by_class.1 > 0))),
        ('human_direct', toInt64(sumIf(by_class.2, registered)), toInt64(countIf(registered AND by_class.2 > 0))),
        ('proxy_human', toInt64(sumIf(by_class.3, registered)), toInt64(countIf(registered AND by_class.3 > 0))),
        ('machine_prefetch', toInt64(sumIf(by_class.4, registered)), toInt64(countIf(registered AND by_class.4 > 0))),
        ('security_scanner', toInt64(sumIf(by_class.5, registered)), toInt64(countIf(registered AND by_class.5 > 0))),
        ('bot', toInt64(sumIf(by_class.6, registered)), toInt64(countIf(registered AND by_class.6 > 0))),
        ('http_library', toInt64(sumIf(by_class.7, registered)), toInt64(countIf(registered AND by_class.7 > 0))),
        ('link_preview', toInt64(sumIf(by_class.8, registered)), toInt64(countIf(registered AND by_class.8 > 0))),
        ('headless', toInt64(sumIf(by_class.9, registered)), toInt64(countIf(registered AND by_class.9 > 0)))])) AS classes
FROM (
    SELECT campaign_id, 1 AS named, campaign AS name, 0 AS registered, 0 AS test, 0 AS message_bounced, 0 AS is_measured,
        0 AS opens, 0 AS timed, 0 AS timed_reliable, 0 AS reliable, 0 AS masked, 0 AS is_unplaced, 0 AS unknown,
        0 AS confirmed, 0 AS message_clicked, 0 AS message_complained, 0 AS message_unsubscribed, 0 AS message_replied,
        toDateTime64(0, 3, 'UTC') AS first_open, toDateTime64(0, 3, 'UTC') AS last_open,
        toDateTime64(0, 3, 'UTC') AS first_reliable_open, toDateTime64(0, 3, 'UTC') AS last_reliable_open,
        toDateTime64(0, 3, 'UTC') AS sent_at, 0 AS recovered, sent_known AS names_sent_known,
        (0, 0, 0, 0, 0, 0, 0, 0, 0) AS by_class
    FROM campaign_names
    UNION ALL
    SELECT campaign_id, 0, '', registered, test, bounced, measured,
        opens, timed, timed_reliable, reliable, masked, unplaced, unknown,
        confirmed, clicked, complained, unsubscribed, replied,
        first_open, last_open, first_reliable_open, last_reliable_open, sent_at, recovered_opens, 0, class_opens
    FROM message_opens
)
GROUP BY campaign_id
HAVING max(named)
