-- Purpose: the open rate of a campaign by each estimator, with its range and its assumption.
-- Grain:   one row per campaign name and estimator, also for a campaign without messages.
-- Units:   rate, low and high are fractions of 1, NULL if unknown; n counts messages.
-- Engine:  a plain view over estimate_counts; filter on campaign_id to read one campaign and its recipients.
--
-- Shares have 95 % Wilson intervals. A quotient a/b of two of them has an interval whose relative errors add as squares on the log
-- scale. total(p, l): p of the visible messages were read and l times p of the others, each at least as many as were seen.
--     hubspot            reliable / (measured - mpp_only)
--     strict             clear_reliable / clear
--     visible_recipients p = visible_reliable / visible
--     visible_lambda     total(p, l)
--     clicks             reliable / measured divided by confirmed_reliable / confirmed
--     bounds             seen / measured … possible / measured
--     overall            total(p / s, l), s = visible_confirmed_reliable / visible_confirmed where there are 20, else the constants
-- If few are visible (few_visible), they may differ from the rest in any respect: overall has no rate, and the bounds
-- for its range, which reach further up by the opens that load no image: clear_reliable · (1/s - 1) at the lower end of s. On a list of
-- Apple Mail only, the messages that its relay did not fetch belong to unused devices.
-- The same holds without history if no visible message is seen (none_visible) and others may be: then the visible ones may all
-- be of Apple Mail's unused devices, and just after a send Apple Mail fetches before people open.
-- The constants are the ends of l and s and a value between them, the share that is few, and specificity: the share of unread messages
-- that show no open. Without clicks nothing shows s, and up to 40 % of the opens of business mail load no image.
-- Each step is a separate sub-query: ClickHouse expands an alias wherever it is used, and planning then took four times as long
-- as computing the numbers.
-- Ranges under assumptions: Manski 2003; Little and Rubin 2019 (delta adjustment); Rogan and Gladen 1978 (sensitivity, specificity).
CREATE OR REPLACE VIEW campaign_estimates
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    name String COMMENT 'Name of the estimator: hubspot, strict, visible_recipients, visible_lambda, clicks, bounds or overall',
    rate Nullable(Float64) COMMENT 'Estimated open rate, a fraction of 1; NULL if it is unknown',
    low Nullable(Float64) COMMENT 'Lower end of its range, a fraction of 1; NULL if it is unknown',
    high Nullable(Float64) COMMENT 'Upper end of its range, a fraction of 1; NULL if it is unknown',
    n Int64 COMMENT 'Denominator of the estimate, in messages',
    assumption String COMMENT 'Condition under which the rate and its range are valid',
    weaknesses Array(String) COMMENT 'no_history: too few recipients are known from earlier mail; few_visible: too few messages with visible opens; none_visible: no open among the messages with visible opens, and no history; no_clicks: too few clicks to estimate the share of opens that load their image; sent_unknown: the number of sent messages is unknown, so that there is no rate'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    counted AS (
        WITH 20 AS enough, 0.15 AS few
        SELECT
            campaign_id, campaign, sent_known, measured, visible, clear, confirmed, seen, no_history,
            measured - mpp_only AS adjusted,
            [reliable, clear_reliable, visible_reliable, visible_confirmed_reliable, reliable, confirmed_reliable] AS parts,
            [adjusted, clear, visible, visible_confirmed, measured, confirmed] AS wholes,
            toFloat64(visible) AS v, toFloat64(visible_seen) AS v_seen, toFloat64(measured - visible) AS o, toFloat64(seen - visible_seen) AS o_seen,
            if(measured > 0, seen / measured, NULL) AS seen_share,
            if(measured > 0, possible / measured, NULL) AS possible_share,
            1 - 1. AS false_share,  -- 1 - specificity
            [0.6, 0.87, 1.] AS sensitivities,
            if(no_history, [0.75, 1.2, 2.], [0.75, 1., 1.33]) AS lambdas,
            1.959963984540054 AS z,
            measured > 0 AND visible > 0 AS is_known,
            measured > 0 AND visible < few * measured AS is_few,
            no_history AND visible > 0 AND visible_seen = 0 AND possible > 0 AS is_silent,
            is_few OR is_silent AS is_apart,
            visible_confirmed >= enough AS knows_s,
            confirmed_reliable >= enough AS has_clicks,
            if(no_history, 'recipients whose messages no Apple Mail fetched', 'recipients whose mail of 90 days no Apple Mail fetched') AS visible_people,
            if(measured > 0 AND no_history, ['no_history'], []) AS historyless,
            concat(', and all other recipients open ', toString(lambdas[1]), ' to ', toString(lambdas[3]), ' times as often as these') AS others_open
        FROM estimate_counts
    ),
    shares AS (
        SELECT *,
            arrayMap((k, m) -> if(m > 0, k / m, 0), parts, wholes) AS rates,
            arrayMap((k, m) -> if(m > 0, z * sqrt(toFloat64(k) * (m - k) / m + z * z / 4), 0), parts, wholes) AS spreads
        FROM counted
    ),
    intervals AS (
        SELECT *,
            arrayMap((k, m, spread) -> (k + z * z / 2 - spread) / (m + z * z), parts, wholes, spreads) AS lows,
            arrayMap((k, m, spread) -> 1 - (m - k + z * z / 2 - spread) / (m + z * z), parts, wholes, spreads) AS highs
        FROM shares
    ),
    quotients AS (
        SELECT *,
            rates[3] AS p, lows[3] AS p_low, highs[3] AS p_high,
            greatest(rates[3] - false_share, 0) AS a, greatest(lows[3] - false_share, 0) AS a_low, greatest(highs[3] - false_share, 0) AS a_high,
            rates[4] - false_share AS b, lows[4] - false_share AS b_low, highs[4] - false_share AS b_high,
            rates[5] / rates[6] AS click_rate
        FROM intervals
    ),
    factors AS (
        SELECT *,
            knows_s AND b <= 0 AS is_blind,
            if(knows_s, b_low, sensitivities[1]) AS s_low,
            exp(sqrt(pow(log(a / a_low), 2) + pow(log(b_high / b), 2))) AS factor_down,
            exp(sqrt(pow(log(a_high / a), 2) + pow(log(b / b_low), 2))) AS factor_up,
            exp(sqrt(pow(log(rates[5] / lows[5]), 2) + pow(log(highs[6] / rates[6]), 2))) AS click_factor_down,
            exp(sqrt(pow(log(highs[5] / rates[5]), 2) + pow(log(rates[6] / lows[6]), 2))) AS click_factor_up
        FROM quotients
    ),
    corrections AS (
        SELECT *,
            is_known AND NOT is_apart AS is_told,
            is_known AND NOT is_apart AND NOT is_blind AS is_corrected,
            arrayMap(x -> least(x, 1), multiIf(
                is_blind, [0., 0., 0.],
                NOT knows_s, [a_low / (sensitivities[3] - false_share), a / (sensitivities[2] - false_share), a_high / (sensitivities[1] - false_share)],
                a > 0, [a / b / factor_down, a / b, a / b * factor_up],
                [0., 0., a_high / b_low])) AS corrected,
            arrayMap(x -> least(greatest(x, seen / measured), 1),
                if(has_clicks, [click_rate / click_factor_down, click_rate, click_rate * click_factor_up], [0., 0., 0.])) AS click_rates
        FROM factors
    ),
    totals AS (
        SELECT *,
            arrayMap((x, l) -> if(measured > 0, (least(greatest(x * v, v_seen), v) + least(greatest(l * x * o, o_seen), o)) / measured, 0),
                [p_low, p, p_high], lambdas) AS plain,
            arrayMap((x, l) -> if(measured > 0, (least(greatest(x * v, v_seen), v) + least(greatest(l * x * o, o_seen), o)) / measured, 0),
                corrected, lambdas) AS total,
            if(s_low > 0, least((possible_share * measured + parts[2] * (1 / s_low - 1)) / measured, 1), 1) AS few_high
        FROM corrections
    ),
    listed AS (
        SELECT campaign_id, campaign, sent_known, [
            ('hubspot', if(adjusted > 0, rates[1], NULL), if(adjusted > 0, lows[1], NULL), if(adjusted > 0, highs[1], NULL), adjusted,
                'messages that only Apple Mail fetched were read as often as the others, and every open loads its image; sampling error only', []),
            ('strict', if(clear > 0, rates[2], NULL), if(clear > 0, lows[2], NULL), if(clear > 0, highs[2], NULL), clear,
                'messages that Apple Mail fetched were read as often as those that it did not, and every open loads its image; sampling error only', []),
            ('visible_recipients', if(is_known, p, NULL), if(is_known, p_low, seen_share), if(is_known, p_high, possible_share), visible,
                concat(visible_people, ' open as often as all, and every open loads its image; sampling error only'), historyless),
            ('visible_lambda', if(is_known, plain[2], NULL), if(is_known, plain[1], seen_share), if(is_known, plain[3], possible_share), visible,
                concat(visible_people, ' show every open', others_open), historyless),
            ('clicks', if(has_clicks, click_rates[2], NULL), if(has_clicks, click_rates[1], NULL), if(has_clicks, click_rates[3], NULL), confirmed,
                'messages that a person clicked or answered show their open as often as others that were read', []),
            ('bounds', NULL, seen_share, possible_share, measured,
                'every verdict is right, and every open loads its image', []),
            ('overall', if(is_corrected, total[2], NULL),
                if(is_corrected, total[1], seen_share),
                multiIf(is_corrected, total[3], is_told, 1, is_apart, few_high, possible_share), visible,
                concat(if(is_apart, 'every verdict is right, and ', ''),
                    if(knows_s, '', concat(toString(sensitivities[1]), ' to ', toString(sensitivities[3]), ' of the opens of ')),
                    if(is_apart, 'recipients whose message Apple Mail did not fetch', visible_people), ' load the image',
                    if(knows_s, ' as often as those do who clicked or answered', ''),
                    if(is_apart, '', others_open)),
                arrayConcat(historyless, if(is_few, ['few_visible'], []), if(is_silent AND NOT is_few, ['none_visible'], []), if(is_known AND NOT knows_s, ['no_clicks'], [])))
        ] AS estimates
        FROM totals
    )
SELECT campaign_id, campaign, estimate.1 AS name, if(sent_known, estimate.2, NULL) AS rate, if(sent_known, estimate.3, NULL) AS low,
    if(sent_known, estimate.4, NULL) AS high, estimate.5 AS n, estimate.6 AS assumption, if(sent_known, estimate.7, ['sent_unknown']) AS weaknesses
FROM listed
ARRAY JOIN estimates AS estimate
