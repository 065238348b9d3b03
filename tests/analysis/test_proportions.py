"""Shares and counts: published intervals, exact coverage, zeros, rows, and refusals."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.proportions import miettinen_nurminen
from county_metrics.present.wording import plain


@pytest.mark.parametrize(("method", "low", "high"), [("newcombe", 0.0524, 0.3339), ("miettinen_nurminen", 0.0528, 0.3382)])
def test_newcombes_first_example(method, low, high):
    # Newcombe (1998), Statistics in Medicine 17:873–890, table II (a): 56/70 − 48/80, methods 10 and 6.
    found = cm.compare_shares(successes=(48, 56), totals=(80, 70), method=method)
    assert found.estimate == pytest.approx(0.2)
    assert (round(found.conf_low, 4), round(found.conf_high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    # Newcombe (1998), table II, method 10.
    [((9, 10), (3, 10), 0.1705, 0.8090), ((6, 7), (2, 7), 0.0582, 0.8062), ((5, 56), (0, 29), -0.0381, 0.1926),
     ((0, 10), (0, 20), -0.1611, 0.2775), ((0, 10), (0, 10), -0.2775, 0.2775), ((10, 10), (0, 20), 0.6791, 1.0), ((10, 10), (0, 10), 0.6075, 1.0)],
)  # fmt: skip
def test_newcombes_other_examples(first, second, low, high):
    found = cm.compare_shares(successes=(second[0], first[0]), totals=(second[1], first[1]))
    assert (round(found.conf_low, 4), round(found.conf_high, 4)) == (low, high)


@pytest.mark.parametrize(("first", "second"), [((9, 10), (3, 10)), ((5, 56), (0, 29)), ((10, 10), (0, 20)), ((3, 4), (40, 90))])
def test_ends_of_miettinen_and_nurminen_are_where_the_score_test_just_rejects(first, second):
    (x, m), (y, n) = first, second
    for end in miettinen_nurminen(x, m, y, n):
        if abs(end) == 1:
            continue
        grid = np.linspace(max(0, end), min(1, 1 + end), 2_000_001)[1:-1]
        likelihood = x * np.log(grid) + (m - x) * np.log1p(-grid)
        likelihood += y * np.log(grid - end) + (n - y) * np.log1p(end - grid)
        p = grid[np.argmax(likelihood)]
        spread = (p * (1 - p) / m + (p - end) * (1 - p + end) / n) * (m + n) / (m + n - 1)
        assert (x / m - y / n - end) ** 2 / spread == pytest.approx(stats.norm.ppf(0.975) ** 2, rel=1e-4)


@pytest.mark.parametrize("method", ["newcombe", "miettinen_nurminen"])
@pytest.mark.parametrize(("before", "after"), [(0.3, 0.5), (0.1, 0.15), (0.6, 0.9)])
def test_intervals_of_shares_cover_exactly(method, before, after):
    m, n = 30, 40
    weights = np.outer(stats.binom.pmf(range(m + 1), m, before), stats.binom.pmf(range(n + 1), n, after))
    covered = 0.0
    for x, y in np.argwhere(weights > 1e-5):
        if method == "newcombe":
            low, high = cm.compare_shares(successes=(x, y), totals=(m, n)).conf_int()
        else:
            low, high = miettinen_nurminen(y, n, x, m)
        covered += weights[x, y] * (low <= after - before <= high)
    assert 0.93 <= covered <= 0.98


def test_pearsons_test_fisher_and_sides():
    found = cm.compare_shares(successes=(48, 56), totals=(80, 70))
    pearson = stats.chi2_contingency([[56, 14], [48, 32]], correction=False)
    assert found.p_value == pytest.approx(pearson.pvalue)
    assert "the ratio of shares has one" in plain(found["odds_ratio"].withheld, "en")
    assert found["odds_ratio"].p_value == pytest.approx(stats.fisher_exact([[56, 14], [48, 32]]).pvalue)
    greater = cm.compare_shares(successes=(48, 56), totals=(80, 70), alternative="greater")
    assert greater.p_value == pytest.approx(pearson.pvalue / 2)
    wider = cm.compare_shares(successes=(48, 56), totals=(80, 70), level=0.99)
    assert wider.conf_low < found.conf_low < found.conf_high < wider.conf_high


def test_rows_give_the_same_as_counts():
    data = pd.DataFrame({"on_time": [1] * 48 + [0] * 32 + [1] * 56 + [0] * 14, "when": ["before"] * 80 + ["after"] * 70})
    for outcome in (data["on_time"], data["on_time"].astype(bool)):
        found = cm.compare_shares(data.assign(on_time=outcome), outcome="on_time", group="when")
        assert found.tidy().equals(cm.compare_shares(successes=(48, 56), totals=(80, 70)).tidy())


def test_clusters_and_weights_are_linearised():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {"on_time": rng.random(300) < 0.6, "when": np.repeat(["before", "after"], 150), "office": rng.integers(0, 20, 300)}
    )
    found = cm.compare_shares(data, outcome="on_time", group="when", cluster="office")
    design = sm.add_constant((data["when"] == "after").astype(float))
    other = sm.OLS(data["on_time"].astype(float), design).fit(cov_type="cluster", cov_kwds={"groups": data["office"]}, use_t=True)
    assert found.std_error == pytest.approx(other.bse["when"])
    assert "that of a linear model" in found.summary()
    assert "Clusters are independent" in found.summary()


@pytest.mark.parametrize(("hits", "sizes"), [((0, 0), (10, 20)), ((0, 20), (10, 20)), ((10, 20), (10, 20)), ((0, 3), (5, 9))])
def test_zeros_and_ones_leave_the_ratio_out_and_say_so(hits, sizes):
    found = cm.compare_shares(successes=hits, totals=sizes)
    assert "share_ratio" not in [e.term for e in found.estimates]
    assert "Ratios are left out" in found.summary()
    assert found.conf_low <= found.estimate <= found.conf_high
    json.dumps([found.payload(), found.to_dict()], allow_nan=False)


def test_small_counts_are_pointed_out():
    check = cm.compare_shares(successes=(1, 9), totals=(12, 12)).checks[0]
    assert check.passed
    check = cm.compare_shares(successes=(1, 5), totals=(8, 12)).checks[0]
    assert check.passed is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"successes": (5, 30), "totals": (10, 20)}, "successes lie between 0 and totals"),
        ({"successes": (5, 2.5), "totals": (10, 20)}, "successes are whole numbers"),
        ({"successes": (5, -1), "totals": (10, 20)}, "not negative"),
        ({"successes": (5, 3)}, "totals is a pair"),
        ({"successes": (0, 0), "totals": (0, 5)}, "totals are at least 1"),
        ({"successes": (1, 2), "totals": (3, 4), "method": "wald"}, "'newcombe' or 'miettinen_nurminen', not 'wald'"),
        ({"data": pd.DataFrame({"y": [0, 2, 1, 1], "g": [0, 0, 1, 1]}), "outcome": "y", "group": "g"}, r"also has \[2.0\]"),
        ({"data": pd.DataFrame({"y": [0, 1]}), "successes": (1, 2), "totals": (3, 4)}, "give either data"),
    ],
)
def test_shares_that_cannot_be_are_refused(given, text):
    with pytest.raises(AnalysisError, match=text):
        cm.compare_shares(**given)


def test_rates_agree_with_rs_poisson_test():
    # Cross-check: the second example of R's poisson.test, 11 in 800 against 6 + 8 + 7 in 1083 + 1050 + 878.
    found = cm.compare_counts(counts=(21, 11), exposures=(3011, 800))["rate_ratio"]
    assert found.estimate == pytest.approx(1.971488, abs=5e-7)
    assert (found.conf_low, found.conf_high) == pytest.approx((0.8584264, 4.277266), abs=5e-7)
    assert round(found.p_value, 5) == 0.07967


def test_the_score_method_and_the_rates_agree_with_statsmodels():
    from statsmodels.stats.rates import confint_poisson, confint_poisson_2indep, test_poisson_2indep

    found = cm.compare_counts(counts=(30, 60), exposures=(54308.7, 51477.5), method="score")
    other = confint_poisson_2indep(60, 51477.5, 30, 54308.7, method="score", compare="ratio")
    assert (found["rate_ratio"].conf_low, found["rate_ratio"].conf_high) == pytest.approx(other, rel=1e-6)
    assert found.p_value == pytest.approx(test_poisson_2indep(60, 51477.5, 30, 54308.7, method="score").pvalue)
    assert (found["rate_before"].conf_low, found["rate_before"].conf_high) == pytest.approx(
        confint_poisson(30, 54308.7, method="exact-c")
    )
    assert "Two totals cannot show" in found.summary()


def months(seed=0):
    rng = np.random.default_rng(seed)
    counts = np.concatenate([rng.negative_binomial(3, 0.1, 24), rng.negative_binomial(3, 0.2, 30)])
    return pd.DataFrame(
        {"complaints": counts, "days": rng.integers(20, 31, 54), "month": pd.period_range("2012-01", periods=54, freq="M")}
    )


def test_rows_that_vary_more_than_poisson_widen_as_quasi_poisson_does():
    data = months()
    found = cm.compare_counts(data, counts="complaints", exposures="days", received="month", intervention_time="2014-01")
    design = sm.add_constant((data["month"] >= "2014-01").astype(float))
    other = sm.GLM(data["complaints"], design, family=sm.families.Poisson(), exposure=data["days"]).fit(scale="X2", use_t=True)
    ratio = found["rate_ratio"]
    assert found.to_dict()["dispersion"] == pytest.approx(other.scale)
    assert np.log([ratio.estimate, ratio.conf_low, ratio.conf_high]) == pytest.approx(
        [other.params["month"], *other.conf_int().loc["month"]]
    )
    assert ratio.p_value == pytest.approx(other.pvalues["month"])
    assert "quasi-Poisson" in found.summary()


def test_intervals_of_overdispersed_rates_cover():
    truth, hits = 3 * 0.8 / 0.2 - 3 * 0.9 / 0.1, 0
    for seed in range(300):
        data = months(seed).assign(days=1)
        found = cm.compare_counts(data, counts="complaints", exposures="days", received="month", intervention_time="2014-01")
        hits += found.conf_low <= truth <= found.conf_high
    assert 0.90 <= hits / 300 <= 0.98


@pytest.mark.parametrize("counts", [(0, 5), (5, 0), (0, 0)])
def test_no_event_gives_ends_and_no_impossible_ratio(counts):
    found = cm.compare_counts(counts=counts, exposures=(50, 54))
    assert found.conf_low <= found.estimate <= found.conf_high
    assert ("rate_ratio" in [e.term for e in found.estimates]) == (counts[0] > 0)
    json.dumps([found.payload(), found.to_dict()], allow_nan=False)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"counts": (1, 2), "exposures": (0, 3)}, "exposures are above 0"),
        ({"counts": (1.5, 2), "exposures": (1, 3)}, "counts are whole numbers"),
        ({"counts": 5, "exposures": (1, 3)}, "counts is a pair"),
        ({"counts": (1, 2), "exposures": (1, 3), "method": "wald"}, "'exact' or 'score', not 'wald'"),
        ({"data": months().assign(complaints=0.5), "counts": "complaints", "exposures": "days", "received": "month",
          "intervention_time": "2014-01"}, "holds whole counts"),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused(given, text):
    with pytest.raises(AnalysisError, match=text):
        cm.compare_counts(**given)
