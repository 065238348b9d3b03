"""Records before and after: published results, other implementations, and what is refused."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import county_metrics as cm
from county_metrics.analysis import ranks
from county_metrics.analysis.effect import AnalysisError

# Permeability of the human chorioamnion at term and at 12 to 26 weeks: Hollander and Wolfe (1973), Nonparametric
# Statistical Methods, p. 69 f.; the example of R's wilcox.test.
AT_TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
EARLIER = [1.15, 0.88, 0.90, 0.74, 1.21]
# 15 law schools, average LSAT and GPA: Efron and Tibshirani (1993), An Introduction to the Bootstrap, table 3.1.
LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
GPA = [3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96]


def table(before, after, **more):
    values = np.concatenate([before, after])
    return pd.DataFrame({"days": values, "when": ["before"] * len(before) + ["after"] * len(after), **more})


def cases(seed=1, before=60, after=80, whole=False):
    rng = np.random.default_rng(seed)
    drawn = rng.gamma(4, 20, before), rng.gamma(4, 14, after)
    found = table(*(np.round(part) if whole else part for part in drawn))
    return found.assign(office=rng.integers(0, 14, before + after), weight=rng.uniform(0.5, 2, before + after))


def ends(result, term):
    return result[term].conf_low, result[term].conf_high


def test_hollander_and_wolfe_permeability():
    found = cm.compare_records(table(EARLIER, AT_TERM), duration="days", group="when", alternative="greater")["hodges_lehmann"]
    assert round(found.estimate, 3) == 0.305
    assert (round(found.conf_low, 2), round(found.conf_high, 2)) == (-0.15, 0.76)
    assert round(found.p_value, 4) == 0.1272
    assert found.statistic == 35


def test_efron_and_tibshirani_law_schools():
    schools = pd.DataFrame({"lsat": LSAT, "gpa": GPA})
    found = cm.bootstrap_interval(schools, lambda drawn: np.corrcoef(drawn.T)[0, 1], level=0.90)
    assert round(found.estimate, 3) == 0.776
    assert found.conf_low == pytest.approx(0.43, abs=0.01)
    assert found.conf_high == pytest.approx(0.92, abs=0.01)


def test_welch_agrees_with_scipy_at_any_level():
    data = cases()
    before, after = (data.loc[data["when"] == when, "days"] for when in ("before", "after"))
    other = stats.ttest_ind(after, before, equal_var=False)
    found = cm.compare_records(data, duration="days", group="when", level=0.9)
    assert found.headline.statistic == pytest.approx(other.statistic)
    assert found.p_value == pytest.approx(other.pvalue)
    assert found.conf_int() == pytest.approx(tuple(other.confidence_interval(0.9)))
    assert found.to_dict()["degrees_of_freedom"] == pytest.approx(other.df)
    less = cm.compare_records(data, duration="days", group="when", alternative="less")
    assert less.p_value == pytest.approx(stats.ttest_ind(after, before, equal_var=False, alternative="less").pvalue)
    assert "one-sided: after is less than before" in less.summary()


@pytest.mark.parametrize(("term", "of"), [("mean_difference_bca", np.mean), ("quantile_50_difference", np.median),
                                          ("quantile_90_difference", lambda x, axis: np.quantile(x, 0.9, axis=axis))])  # fmt: skip
def test_bca_agrees_with_scipy_up_to_the_noise_of_the_draws(term, of):
    data = cases(before=61, after=81)
    before, after = (data.loc[data["when"] == when, "days"].to_numpy() for when in ("before", "after"))
    found = cm.compare_records(data, duration="days", group="when", draws=20_000)
    other = stats.bootstrap((after, before), lambda a, b, axis: of(a, axis=axis) - of(b, axis=axis), n_resamples=20_000,
                            batch=2000, rng=np.random.default_rng(0))  # fmt: skip
    noise = 0.08 * other.standard_error
    assert ends(found, term) == pytest.approx(tuple(other.confidence_interval), abs=noise)
    assert found[term].std_error == pytest.approx(other.standard_error, rel=0.03)


def test_one_cluster_a_row_and_equal_weights_change_nothing_but_noise():
    data = cases().assign(one=1.0, row=np.arange(140))
    plain, clustered, weighted = (
        cm.compare_records(data, duration="days", group="when", draws=8000, **more)
        for more in ({}, {"cluster": "row"}, {"weights": "one"})
    )
    for term in ("mean_difference", "mean_difference_bca", "quantile_50_difference", "quantile_90_difference"):
        for other in (clustered, weighted):
            assert other[term].estimate == pytest.approx(plain[term].estimate)
            assert other[term].std_error == pytest.approx(plain[term].std_error, rel=0.04)
            assert ends(other, term) == pytest.approx(ends(plain, term), abs=0.12 * plain[term].std_error)


def test_clusters_and_weights_agree_with_statsmodels():
    data = cases()
    design = sm.add_constant((data["when"] == "after").astype(float))
    clustered = sm.OLS(data["days"], design).fit(cov_type="cluster", cov_kwds={"groups": data["office"]}, use_t=True)
    found = cm.compare_records(data, duration="days", group="when", cluster="office")
    assert found.std_error == pytest.approx(clustered.bse["when"])
    assert found.p_value == pytest.approx(clustered.pvalues["when"])
    assert found.conf_int() == pytest.approx(tuple(clustered.conf_int().loc["when"]))
    weighted = cm.compare_records(data, duration="days", group="when", weights="weight")
    assert weighted.std_error == pytest.approx(sm.WLS(data["days"], design, data["weight"]).fit(cov_type="HC2").bse["when"])


def test_whole_weights_are_the_same_as_repeated_rows_for_every_estimate():
    data = cases(whole=True).assign(times=lambda frame: np.arange(140) % 3)
    repeated = data.loc[data.index.repeat(data["times"])].reset_index(drop=True)
    weighted = cm.compare_records(data, duration="days", group="when", weights="times", quantiles=(0.25, 0.5))
    plain = cm.compare_records(repeated, duration="days", group="when", quantiles=(0.25, 0.5))
    assert weighted.estimate == pytest.approx(plain.estimate)
    assert weighted["hodges_lehmann"].estimate == pytest.approx(plain["hodges_lehmann"].estimate, abs=1)


def test_cluster_intervals_are_wider_where_clusters_hang_together():
    rng = np.random.default_rng(0)
    office = np.repeat(np.arange(30), 20)
    days = 50 + 10 * rng.normal(size=30)[office] + rng.normal(size=600)
    data = pd.DataFrame({"days": days, "when": np.where(office < 15, "before", "after"), "office": office})
    plain, clustered = (cm.compare_records(data, duration="days", group="when", cluster=c) for c in (None, "office"))
    for term in ("mean_difference", "mean_difference_bca", "quantile_50_difference"):
        assert clustered[term].std_error > 3 * plain[term].std_error


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_ranks_of_differences_agree_with_all_pairs(digits, monkeypatch):
    monkeypatch.setattr(ranks, "_PAIRS", 50)
    rng = np.random.default_rng(digits)
    first, second = (rng.normal(size=size).round(digits) for size in (45, 38))
    every = np.sort(np.subtract.outer(second, first).ravel())
    pairs = ranks.Pairs(first, second, np.ones(45), np.ones(38))
    for rank in (1, 2, 200, 855, 856, 1500, 1710):
        assert pairs.at(rank)[0] == pytest.approx(every[rank - 1], abs=1e-12)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 5), (8, 6)])
def test_counts_of_the_rank_sum_agree_with_scipy(first, second):
    counts = ranks.rank_sum_counts(first, second)
    for u in range(first * second + 1):
        x = stats.mannwhitneyu(*_with_u(first, second, u), method="exact", alternative="less").pvalue
        assert counts[: u + 1].sum() / counts.sum() == pytest.approx(x)


def _with_u(first, second, u):
    """Two samples without ties whose Mann–Whitney U is `u`."""
    above = [min(second, max(0, u - second * k)) for k in range(first)]
    return [count + 0.5 + 0.01 * k for k, count in enumerate(above)], list(range(1, second + 1))


def test_the_asymptotic_interval_covers_the_ties_and_zeros_of_counted_days():
    data = table([0, 0, 1, 1, 2, 3, 5, 8] * 10, [0, 0, 0, 1, 1, 1, 2, 3] * 10)
    found = cm.compare_records(data, duration="days", group="when")["hodges_lehmann"]
    other = stats.mannwhitneyu([0, 0, 0, 1, 1, 1, 2, 3] * 10, [0, 0, 1, 1, 2, 3, 5, 8] * 10, method="asymptotic")
    assert found.p_value == pytest.approx(other.pvalue)
    assert found.conf_low <= found.estimate <= found.conf_high


def test_intervals_cover_a_known_change():
    rng, hits, draws = np.random.default_rng(5), {}, 300
    for _ in range(draws):
        data = table(rng.exponential(10, 60) + 5, rng.exponential(10, 70) + 2)
        found = cm.compare_records(data, duration="days", group="when", draws=400, quantiles=(0.5,))
        for term in ("mean_difference", "mean_difference_bca", "quantile_50_difference", "hodges_lehmann"):
            low, high = ends(found, term)
            hits[term] = hits.get(term, 0) + (low <= -3 <= high)
    assert all(0.90 <= count / draws <= 0.99 for count in hits.values()), hits


@pytest.mark.parametrize(
    ("labels", "order", "first"),
    [(("after", "before"), None, "before"), (("改革后", "改革前"), None, "改革前"), ((1, 0), None, "0"), ((True, False), None, "False"),
     (("new", "old"), None, "new"), (("new", "old"), ("old", "new"), "old"), ((2015, 2013), None, "2013")],
)  # fmt: skip
def test_labels_of_any_kind_and_their_order(labels, order, first):
    data = pd.DataFrame({"days": [1.0, 2, 4, 8, 3, 9], "g": [labels[0]] * 3 + [labels[1]] * 3})
    found = cm.compare_records(data, duration="days", group="g", order=order, draws=100)
    low = data.loc[data["g"].astype(str) == first, "days"].mean()
    assert found.estimate == pytest.approx(2 * (data["days"].mean() - low))
    said = "Differences are" in found.summary()
    assert said == (first not in ("before", "改革前"))


def test_an_ordered_category_gives_its_own_order():
    data = table([5.0, 6, 7], [1.0, 2, 3])
    data["when"] = pd.Categorical(data["when"].map({"before": "z", "after": "a"}), ["z", "a"], ordered=True)
    assert cm.compare_records(data, duration="days", group="when", draws=100).estimate == -4


@pytest.mark.parametrize(
    ("received", "moment"),
    [(pd.to_datetime(["2013-12-31", "2013-05-01", "2014-01-01", "2014-06-01"]), "2014-01"),
     (["2013-12-31", "2013-05-01", "2014-01-01", "2014-06-01"], "2014-01-01"), ([2012, 2013, 2014, 2015], 2014),
     (pd.PeriodIndex(["2013-11", "2013-12", "2014-01", "2014-02"], freq="M"), "2014-01")],
)  # fmt: skip
def test_the_first_period_after_is_inclusive(received, moment):
    data = pd.DataFrame({"days": [10.0, 20, 1, 2], "received": received})
    assert cm.compare_records(data, duration="days", received="received", intervention_time=moment, draws=100).estimate == -13.5


def test_it_is_a_change_with_its_reasons_and_the_caller_keeps_the_frame():
    data = cases()
    data.loc[3, "days"] = np.nan
    data.attrs.update(unit="working_day", simulated=True)
    kept = data.copy()
    found = cm.compare_records(data, duration="days", group="when")
    text = found.summary()
    assert "A change, not an effect" in text
    assert "Rows left out because a value is missing: 1." in text
    assert "working days" in text
    assert "Simulated data" in text
    assert not re.search(r"\bcaused?\b|significan", text)
    pd.testing.assert_frame_equal(data, kept)
    assert found.tidy().equals(cm.compare_records(data, duration="days", group="when").tidy())
    json.dumps(found.to_dict(), allow_nan=False)
    json.dumps(found.payload(), allow_nan=False)
    cm.set_language("zh")
    assert "这是变化，不是效应" in found.summary()


def test_few_records_few_clusters_and_equal_values_give_reasons_not_intervals():
    few = cm.compare_records(table([1.0, 2, 3], [2.0, 4, 7]), duration="days", group="when")
    assert few["quantile_90_difference"].conf_low is None
    assert "needs at least 50 records on each side" in few.summary()
    assert "too small for an interval at this level" in few.summary()
    flat = cm.compare_records(table([5] * 30, [5] * 30), duration="days", group="when")
    assert flat.p_value is None
    assert "do not vary enough" in flat.summary()
    clusters = cm.compare_records(cases().assign(office=np.arange(140) % 9), duration="days", group="when", cluster="office")
    assert all(found.conf_low is None and found.p_value is None for found in clusters.estimates)
    assert "there are 9 clusters; below 10" in clusters.summary()


@pytest.mark.parametrize(
    ("change", "more", "text"),
    [
        ({}, {"duration": "day"}, "there is no column 'day'; did you mean 'days'?"),
        ({"days": [-1, 2, 3, 4]}, {}, "column 'days' is below zero.*row 0: -1"),
        ({"days": ["a", 2, 3, 4]}, {}, "column 'days' is no finite number: row 0: a"),
        ({"days": [np.inf, 2, 3, 4]}, {}, "no finite number: row 0: inf"),
        ({"when": list("abcd")}, {}, "column 'when' has 4 labels .*name them by order="),
        ({"when": ["before"] * 3 + ["after"]}, {}, "'After' has 1 usable rows; at least 2 are needed"),
        ({}, {"order": ("before", "later")}, "order names two different labels"),
        ({}, {"level": 95}, "level is a share between 0 and 1"),
        ({}, {"alternative": "larger"}, "'two-sided', 'less' or 'greater'"),
        ({}, {"quantiles": (0.5, 90)}, r"quantiles are shares between 0 and 1.*\[90\]"),
        ({}, {"draws": 5}, "draws is a whole number of at least 100"),
        ({}, {"received": "days", "intervention_time": 3}, "either group='column', or received="),
        ({}, {"group": None, "received": "days"}, "intervention_time is needed with received"),
        ({"w": [1, -1, 1, 1]}, {"weights": "w"}, "is a negative weight: row 1: -1"),
        ({"open": [1, 2, 1, 1]}, {"event": "open"}, "neither True .* nor False .*row 1: 2"),
        ({"closed": [True, False, True, True]}, {"event": "closed"}, "1 records are still open.*Use compare_survival"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, more, text):
    data = table([1, 2], [3, 4]).assign(**change)
    with pytest.raises(AnalysisError, match=text):
        cm.compare_records(data, **{"duration": "days", "group": "when"} | more)


def test_negative_values_may_be_meant():
    data = table([-1.0, 2, 3], [4.0, -5, 6])
    assert cm.compare_records(data, duration="days", group="when", allow_negative=True, draws=100).estimate == pytest.approx(
        1 / 3
    )


def test_declared_endpoints_are_refused_by_the_gate():
    data = cases()
    data.attrs["design"] = "endpoints"
    with pytest.raises(cm.DesignError, match="invented"):
        cm.compare_records(data, duration="days", group="when")


def test_an_extract_of_closed_cases_says_what_it_lacks():
    data = cases()
    data.attrs["selected_on"] = "closed"
    assert "closed cases only" in cm.compare_records(data, duration="days", group="when").summary()


def test_a_bootstrap_of_two_samples_draws_each_by_itself():
    found = cm.bootstrap_interval(
        (np.array(AT_TERM), np.array(EARLIER)), lambda x, y: x.mean() - y.mean(), draws=2000, method="percentile"
    )
    assert found.estimate == pytest.approx(np.mean(AT_TERM) - np.mean(EARLIER))
    spread = np.sqrt(np.var(AT_TERM) / 10 + np.var(EARLIER) / 5)
    assert found.std_error == pytest.approx(spread, rel=0.06)


@pytest.mark.filterwarnings("ignore:The BCa confidence interval")
@pytest.mark.parametrize(
    ("data", "statistic", "more", "text"),
    [([1.0, 2, 3], np.mean, {"method": "magic"}, "method is 'bca', 'percentile' or 'basic'"), ([1.0], np.mean, {}, "at least 2 rows"),
     ([0.0, 0, 1], lambda x: np.log(x.sum()) if x.sum() else np.nan, {}, "no finite number: on the data 0.0, and on [1-9]")],
)  # fmt: skip
def test_a_bootstrap_that_cannot_be_made_is_refused(data, statistic, more, text):
    with pytest.raises(AnalysisError, match=text):
        cm.bootstrap_interval(data, statistic, draws=200, **more)
