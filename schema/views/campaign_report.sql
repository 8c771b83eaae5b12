-- Purpose: the report of a campaign, every number with its uncertainty.
-- Grain:   one row per campaign name, also for a campaign without opens.
-- Units:   counts of messages (opens_total, unregistered_opens_total: events); rates and bounds are fractions of 1, NULL
--          where their denominator is 0; times are UTC milliseconds, NULL without opens.
-- Engine:  a plain view over campaign_counts. Filter on campaign_id to read one campaign's range of the keys; a filter
--          on campaign alone is right too, but reads all campaigns. Look the id up in campaign_names first.
--
-- A campaign that is known from logs only has no rate, since its unopened messages are unknown.
-- All rates of opens are over measured. mpp_adjusted_open_rate leaves the messages out that only Apple Mail fetched. open_rate_low counts none of those
-- as read, open_rate_high all of them, and the opens of unknown kind besides: those three kinds of messages together
-- are bot_filtered_unique_opens. ci_low and ci_high are the 95 % Wilson score interval of the adjusted rate (Wilson
-- 1927, JASA 22); written with reliable and missing messages, so that it is exactly 0 and 1 at its ends.
CREATE OR REPLACE VIEW campaign_report
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
    computed_at DateTime64(3, 'UTC') COMMENT 'Time when these numbers were computed, UTC'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
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
    now64(3, 'UTC') AS computed_at
FROM campaign_counts
