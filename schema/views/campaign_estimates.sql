-- Purpose: the open rate of a campaign by each estimator, with its range and its assumption.
-- Grain:   one row per campaign name and estimator, also for a campaign without messages.
-- Units:   rate, low and high are fractions of 1, NULL if unknown; n counts messages.
-- Engine:  a plain view over estimate_counts; filter on campaign_id to read one campaign and its recipients.
--
-- Shares have 95 % Wilson intervals. A quotient a/b of two of them has an interval whose relative errors add as squares on the log
-- scale. total(p): p of the visible messages were read and l times as many of the others', each at least as many as were seen.
-- Of the messages of Apple Mail's users its relay fetches the share f, among them all that they read there. So new_masked / f messages
-- belong to users like the new masked ones, of which new_masked · (1/f - 1) are among the visible ones and dilute p. The ends of l
-- and f are independent: what they change adds as squares; the ends of p add to that.
--     hubspot            reliable / (measured - mpp_only)
--     strict             clear_reliable / clear
--     visible_recipients p = visible_reliable / visible
--     visible_lambda     total(p)
--     clicks             reliable / measured divided by confirmed_reliable / confirmed
--     bounds             seen / measured … possible / measured
--     overall            total(p / s), s = visible_confirmed_reliable / visible_confirmed where there are 20, else the constants
-- If few are visible (few_visible), they may differ from the rest in any respect: overall has no rate, and the bounds
-- for its range, which reach further up by the opens that load no image: clear_reliable · (1/s - 1) at the lower end of s. So it is
-- if all visible ones may be Apple Mail's at the lower end of f: on a list of Apple Mail only, they belong to unused devices.
-- The same holds without history if no visible message is seen (none_visible) and others may be: then the visible ones may all
-- be of Apple Mail's unused devices, and just after a send Apple Mail fetches before people open.
-- If no message shows any sort of open, and none did before (no_images), nothing shows that images load at all.
-- On every list some never open. If hardly any visible recipient with history is such (chosen), the mail went to those who had
-- opened: the visible ones by what they read, the others by what Apple Mail fetched. These may open less by any factor; unless they are few, overall
-- has no rate.
-- The constants are the ends of f, l and s and a value between them, shares that are few, and specificity: the share of unread
-- messages that show no open. Without clicks nothing shows s, and up to 40 % of the opens of business mail load no image.
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
    weaknesses Array(String) COMMENT 'no_history: too few recipients are known from earlier mail; few_visible: too few messages with visible opens, or all of them may be of Apple Mail users; none_visible: no open among the messages with visible opens, and no history; chosen: the visible recipients seem to be chosen by their opens; no_images: no open of any sort, so that images may never load; no_clicks: too few clicks to estimate the share of opens that load their image; sent_unknown: the number of sent messages is unknown, so that there is no rate'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    counted AS (
        WITH 20 AS enough, 0.15 AS few, 0.05 AS hardly_any, 0.7 AS fetched_low
        SELECT
            few, campaign_id, campaign, sent_known, measured, visible, clear, confirmed, seen, no_history,
            toFloat64(new_masked) AS fresh,
            measured - mpp_only AS adjusted,
            [reliable, clear_reliable, visible_reliable, visible_confirmed_reliable, reliable, confirmed_reliable] AS parts,
            [adjusted, clear, visible, visible_confirmed, measured, confirmed] AS wholes,
            toFloat64(visible) AS v, toFloat64(visible_seen) AS v_seen, toFloat64(measured - visible) AS o, toFloat64(seen - visible_seen) AS o_seen,
            if(measured > 0, seen / measured, NULL) AS seen_share,
            if(measured > 0, possible / measured, NULL) AS possible_share,
            1 - 1. AS false_share,  -- 1 - specificity
            [0.6, 0.87, 1.] AS sensitivities,
            NOT no_history AND visible_openers > (1 - hardly_any) * visible_met AS is_chosen,
            [if(is_chosen, 0., 0.75), 1., 1.33] AS lambdas,
            [1., 0.9, fetched_low] AS fetched,
            1.959963984540054 AS z,
            measured > 0 AND visible > 0 AS is_known,
            measured > 0 AND (visible < few * measured OR visible <= new_masked * (1 / fetched_low - 1)) AS is_few,
            no_history AND visible > 0 AND visible_seen = 0 AND possible > 0 AS is_silent,
            measured > 0 AND reliable = 0 AND possible = seen AND visible_openers = 0 AS is_dark,
            (is_few OR is_silent) AND NOT is_dark AS is_apart,
            visible_confirmed >= enough AS knows_s,
            confirmed_reliable >= enough AS has_clicks,
            if(no_history, 'recipients whose messages no Apple Mail fetched', 'recipients none of whose mail of 90 days and of this campaign Apple Mail fetched') AS visible_people,
            if(measured > 0 AND no_history, ['no_history'], []) AS historyless
        FROM estimate_counts
    ),
    shares AS (
        SELECT *,
            concat(', and all other recipients open ', toString(lambdas[1]), ' to ', toString(lambdas[3]), ' times as often as these',
                if(fresh > 0, concat(', and Apple Mail fetches ', toString(fetched[3]), ' to ', toString(fetched[1]), ' of the messages to its users'), '')) AS others_open,
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
            is_told AND NOT is_blind AND NOT is_dark AS is_corrected,
            arrayMap(f -> v - fresh * (1 / f - 1), fetched) AS undiluted,
            arrayMap(f -> o - fresh + fresh / f, fetched) AS masked_users,
            arrayMap(x -> least(x, 1), multiIf(
                is_blind, [0., 0., 0.],
                NOT knows_s, [a_low / (sensitivities[3] - false_share), a / (sensitivities[2] - false_share), a_high / (sensitivities[1] - false_share)],
                a > 0, [a / b / factor_down, a / b, a / b * factor_up],
                [0., 0., a_high / b_low])) AS corrected,
            arrayMap(x -> least(greatest(x, seen / measured), 1),
                if(has_clicks, [click_rate / click_factor_down, click_rate, click_rate * click_factor_up], [0., 0., 0.])) AS click_rates
        FROM factors
    ),
    steps AS (
        SELECT *,
            arrayMap(xs -> arrayMap((x, l, f) -> (least(greatest(x * v, v_seen), v)
                    + least(greatest(lambdas[l] * if(undiluted[f] > 0, least(x * v / undiluted[f], 1), 1) * masked_users[f], o_seen), o)) / measured,
                [xs[1], xs[1], xs[1], xs[2], xs[3], xs[3], xs[3]], [2, 1, 2, 2, 2, 3, 2], [2, 2, 1, 2, 2, 2, 3]), [[p_low, p, p_high], corrected]) AS read_shares
        FROM corrections
    ),
    totals AS (
        SELECT *,
            is_corrected AND NOT (is_chosen AND o >= few * measured) AS is_rated,
            arrayMap(t -> [
                greatest(t[1] - sqrt(pow(t[2] - t[1], 2) + pow(t[3] - t[1], 2)), seen / measured), t[4],
                least(t[5] + sqrt(pow(t[6] - t[5], 2) + pow(t[7] - t[5], 2)), 1)], read_shares) AS extended,
            if(s_low > 0, least((possible_share * measured + parts[2] * (1 / s_low - 1)) / measured, 1), 1) AS few_high
        FROM steps
    ),
    listed AS (
        SELECT campaign_id, campaign, sent_known, [
            ('hubspot', if(adjusted > 0, rates[1], NULL), if(adjusted > 0, lows[1], NULL), if(adjusted > 0, highs[1], NULL), adjusted,
                'messages that only Apple Mail fetched were read as often as the others, and every open loads its image; sampling error only', []),
            ('strict', if(clear > 0, rates[2], NULL), if(clear > 0, lows[2], NULL), if(clear > 0, highs[2], NULL), clear,
                'messages that Apple Mail fetched were read as often as those that it did not, and every open loads its image; sampling error only', []),
            ('visible_recipients', if(is_known, p, NULL), if(is_known, p_low, seen_share), if(is_known, p_high, possible_share), visible,
                concat(visible_people, ' open as often as all, and every open loads its image; sampling error only'), historyless),
            ('visible_lambda', if(is_known, extended[1][2], NULL), if(is_known, extended[1][1], seen_share), if(is_known, extended[1][3], possible_share), visible,
                concat(visible_people, ' show every open', others_open), historyless),
            ('clicks', if(has_clicks, click_rates[2], NULL), if(has_clicks, click_rates[1], NULL), if(has_clicks, click_rates[3], NULL), confirmed,
                'messages that a person clicked or answered show their open as often as others that were read', []),
            ('bounds', NULL, seen_share, possible_share, measured,
                'every verdict is right, and every open loads its image', []),
            ('overall', if(is_rated, extended[2][2], NULL),
                if(is_corrected, extended[2][1], seen_share),
                multiIf(is_corrected, extended[2][3], is_told OR is_dark, 1, is_apart, few_high, possible_share), visible,
                if(is_dark, 'no open shows whether images load', concat(if(is_apart, 'every verdict is right, and ', ''),
                    if(knows_s, '', concat(toString(sensitivities[1]), ' to ', toString(sensitivities[3]), ' of the opens of ')),
                    if(is_apart, 'recipients whose message Apple Mail did not fetch', visible_people), ' load the image',
                    if(knows_s, ' as often as those do who clicked or answered', ''),
                    if(is_apart, '', others_open))),
                arrayConcat(historyless, if(is_few AND is_apart, ['few_visible'], []), if(is_silent AND NOT is_few AND is_apart, ['none_visible'], []),
                    if(is_chosen AND is_corrected, ['chosen'], []), if(is_dark, ['no_images'], []), if(is_known AND NOT knows_s, ['no_clicks'], [])))
        ] AS estimates
        FROM totals
    )
SELECT campaign_id, campaign, estimate.1 AS name, if(sent_known, estimate.2, NULL) AS rate, if(sent_known, estimate.3, NULL) AS low,
    if(sent_known, estimate.4, NULL) AS high, estimate.5 AS n, estimate.6 AS assumption, if(sent_known, estimate.7, ['sent_unknown']) AS weaknesses
FROM listed
ARRAY JOIN estimates AS estimate
