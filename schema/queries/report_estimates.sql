-- Purpose: the open rate of one campaign by each estimator.
-- Grain:   one row: the number of estimators, and lists with an element for each, in the order of the view.
-- Units:   rates are fractions of 1, NULL if unknown (in a tuple, since groupArray leaves NULL out); n counts messages.
-- Reads:   the view campaign_estimates, which the read-only user may read.
SELECT
    count() AS estimators,
    groupArray(name) AS name_list,
    arrayMap(x -> x.1, groupArray(tuple(rate))) AS rate_list,
    arrayMap(x -> x.1, groupArray(tuple(low))) AS low_list,
    arrayMap(x -> x.1, groupArray(tuple(high))) AS high_list,
    groupArray(toUInt64(n)) AS n_list,
    groupArray(assumption) AS assumption_list,
    arraySort(groupUniqArrayArray(weaknesses)) AS weakness_list
FROM campaign_estimates
WHERE campaign_id = {campaign_id:UInt64}
