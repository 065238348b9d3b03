"""Sup-F test: published numbers, critical values of its limit, a hand-made break, and what is refused."""

import os
from math import gamma, log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import county_metrics as cm
from county_metrics.analysis.breaks import FINITE_DRAWS, SEED, correlated_p_value, f_statistics, sup_f_p_value
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.series_coverage import ar1_noise


def yearly(values):
    return pd.DataFrame({"year": range(1900, 1900 + len(values)), "flow": values})


def noise(n, seed=1):
    return np.random.default_rng(seed).standard_normal(n)


def test_the_nile_broke_after_1898():
    """75.93 is what R's strucchange prints for this series (a cross-check)."""
    table = sm.datasets.nile.load_pandas().data
    found = cm.structural_break(table, outcome="volume", time="year")
    assert round(found.estimate, 2) == 75.93
    assert (found.settings["break_after"], found.settings["first_after"]) == ("1898", "1899")
    assert found.counts == {"observations": 100, "before": 28, "after": 72}
    assert found.settings["limit_p_value"] == pytest.approx(1 / 10_001)
    assert found.p_value == 1 / 2000
    assert "below 0.001" in found.summary()
    assert found.checks[0].passed is True


def test_road_casualties_broke_after_october_1973():
    """Log10 of drivers killed or seriously injured on its lags 1 and 12, as in the example of R's strucchange: 19.333."""
    folder = os.environ.get("COUNTY_METRICS_ANCHORS")
    if not folder:
        pytest.skip("COUNTY_METRICS_ANCHORS does not name a folder with data of published studies")
    table = pd.read_csv(Path(folder) / "seatbelts.csv")
    table = table.assign(month=pd.period_range("1969-01", periods=192, freq="M"), casualties=np.log10(table["drivers"]))
    found = cm.structural_break(table, outcome="casualties", time="month", lags=(1, 12), trim=0.1)
    assert round(found.estimate, 3) == 19.333
    assert found.settings["break_after"] == "1973-10"
    assert 0.004 < found.p_value < 0.009
    natural = cm.structural_break(table, outcome="drivers", time="month", lags=(1, 12), trim=0.1, log=True)
    assert natural.estimate == pytest.approx(found.estimate)


@pytest.mark.parametrize(("k", "value"), [(1, 8.68), (2, 11.72), (3, 14.13)])
def test_the_five_percent_critical_values_are_those_of_andrews(k, value):
    """Andrews (2003, Econometrica 71, 395–397), trimmed by 0.15."""
    assert sup_f_p_value(value, k, 0.15) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(("k", "trim", "value"), [(1, 0.15, 8.68), (1, 0.15, 12.2), (2, 0.1, 13.0), (3, 0.15, 15.0)])
def test_the_tail_agrees_with_the_formula_of_delong(k, trim, value):
    """DeLong (1981), as in Estrella (2003, Econometric Theory 19, 1128–1143)."""
    span = log(((1 - trim) / trim) ** 2)
    tail = value ** (k / 2) * np.exp(-value / 2) / (2 ** (k / 2) * gamma(k / 2)) * ((1 - k / value) * span + 2 / value)
    assert sup_f_p_value(value, k, trim) == pytest.approx(tail, rel=0.2)


def test_a_shift_is_dated_and_its_f_is_that_of_the_two_sample_test():
    values = np.r_[noise(20), noise(20, 2) + 6]
    found = cm.structural_break(yearly(values), outcome="flow", time="year")
    assert found.settings["break_after"] == "1919"
    pooled = (19 * np.var(values[:20], ddof=1) + 19 * np.var(values[20:], ddof=1)) / 38
    t = (values[20:].mean() - values[:20].mean()) / np.sqrt(pooled * (1 / 20 + 1 / 20))
    assert found.estimate == pytest.approx(t**2)


def test_regressors_may_change_too():
    table = yearly(noise(60)).assign(rain=noise(60, 3))
    table["flow"] += np.where(table["year"] < 1930, 2, -2) * table["rain"]
    assert cm.structural_break(table, outcome="flow", time="year").estimate < 8.68
    found = cm.structural_break(table, outcome="flow", time="year", regressors=["rain"])
    assert found.p_value < 0.001
    assert abs(int(found.settings["break_after"]) - 1929) <= 1


def test_the_unit_of_a_regressor_changes_nothing():
    size = noise(80, 3)
    table = yearly(50 + 2 * noise(80) - 10 * (np.arange(80) >= 40) + size)
    found = []
    for column in (size, 1e6 * (1 + 0.1 * size), 3e12 * (1 + 0.05 * size), 1.4e9 + 10 * size):
        result = cm.structural_break(table.assign(x=column), outcome="flow", time="year", regressors=["x"])
        found.append([result.estimate, result.estimates[0].p_value, result.settings["rho_upper"]])
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-3)


def test_a_regressor_that_hardly_varies_on_one_side_counts_alike_in_the_series_and_in_simulation():
    """A simulated series reaches its own largest statistic, and just no more."""
    column = np.r_[noise(60, 5), 1e6 * noise(20, 6)]
    design = np.linalg.qr(np.column_stack([np.ones(80), column]))[0]
    drawn = ar1_noise(80, FINITE_DRAWS, 0.0, np.ones(79, dtype=int), SEED)
    largest = np.array([f_statistics(series, design, 0.15)[0].max() for series in drawn.T[:40]])
    for value in np.sort(largest)[[5, 20, 35]]:
        below, above = (correlated_p_value(value * near, design, 0.15, 0.0) for near in (1 - 1e-6, 1 + 1e-6))
        assert below - above == pytest.approx(1 / (1 + FINITE_DRAWS))


@pytest.mark.parametrize("on", [slice(60, 80), slice(0, 3), slice(70, 75)])
def test_a_regressor_may_be_constant_on_one_side_of_the_break(on):
    table = yearly(50 + 2 * noise(80) - 10 * (np.arange(80) >= 40)).assign(x=0.0)
    table.loc[table.index[on], "x"] = 1.0
    found = cm.structural_break(table, outcome="flow", time="year", regressors=["x"])
    assert found.settings["break_after"] == "1939"
    assert 0 < found.estimates[0].p_value < 0.05


def test_a_stable_series_gives_a_large_p_value_in_most_draws():
    """At the nominal 5 % at most 9 of 60 draws may be below (three binomial errors)."""
    found = [cm.structural_break(yearly(noise(80, seed)), outcome="flow", time="year").p_value for seed in range(60)]
    assert sum(p is not None and p < 0.05 for p in found) <= 8
    assert sum(p is None for p in found) <= 8


def test_correlated_errors_fail_the_check():
    walk = np.cumsum(noise(80))
    found = cm.structural_break(yearly(walk), outcome="flow", time="year")
    assert found.checks[0].passed is False
    assert found.checks[0].text["say"] == "series_check.autocorrelation_taken"
    assert found.settings["limit_p_value"] < 0.001
    assert found.p_value > 0.05
    found = cm.structural_break(yearly(walk), outcome="flow", time="year", lags=[3])
    assert found.p_value is None
    assert found.checks[0].text["say"] == "series_check.autocorrelation_text"
    assert "the residuals are correlated, which makes it too small" in found.summary()


def test_a_short_series_has_no_p_value():
    found = cm.structural_break(yearly(noise(15)), outcome="flow", time="year")
    assert found.p_value is None
    assert "below 16 periods no test can be trusted" in found.summary()


def test_candidates_keep_clear_of_the_ends():
    statistics, first = f_statistics(noise(100), np.ones((100, 1)), 0.15)
    assert (first, len(statistics)) == (15, 71)


def test_results_repeat_and_the_table_is_left_alone():
    table = yearly(noise(50))
    kept = table.copy(deep=True)
    first, second = (cm.structural_break(table, outcome="flow", time="year", trend=True) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    assert first.data["f_statistic"].max() == pytest.approx(first.estimate)
    pd.testing.assert_frame_equal(table, kept)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"trim": 0.5}, r"trim is a share between 0.05 and 0.45, not 0.5"),
        ({"lags": (0,)}, r"lags are different whole numbers of at least 1"),
        ({"lags": "12"}, r"lags is a list of whole numbers of periods, not the text '12'"),
        ({"lags": (2, 2)}, r"lags are different whole numbers"),
        ({"lags": (39,)}, r"lags of 39 periods leave too few of 40"),
        ({"regressors": ["rain"]}, r"regressor 1: there is no column 'rain'"),
        ({"regressors": ["flat"]}, r"flat: adds nothing to the columns before it"),
        ({"outcome": "exact"}, r"fit every period exactly"),
        ({"outcome": "gone"}, r"column 'gone' has missing values \(row 3"),
    ],
)
def test_what_cannot_be_used_is_refused(settings, text):
    table = yearly(noise(40)).assign(flat=1.0, exact=np.r_[np.zeros(20), np.ones(20)], gone=noise(40))
    table.loc[3, "gone"] = np.nan
    with pytest.raises(AnalysisError, match=text):
        cm.structural_break(table, **({"outcome": "flow", "time": "year"} | settings))
