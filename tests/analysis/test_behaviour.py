"""Process-behaviour chart: published limits, what is called a signal, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError
from county_metrics.present.plots import draw
from county_metrics.present.wording import LANGUAGES, plain

# Flow rates of ten batches: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2.
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def chart(values, **settings):
    table = pd.DataFrame({"year": range(2001, 2001 + len(values)), "flow": values})
    return cm.process_behaviour(table, **({"outcome": "flow", "time": "year"} | settings))


def test_the_limits_of_the_flow_rates_are_those_of_nist():
    """45.8159, 50.81, 55.8041, as that page is cited by others (a cross-check)."""
    found = chart(FLOW)
    shown = [round(found[term].estimate, 4) for term in ("lower_limit", "mean", "upper_limit")]
    assert shown == [45.8159, 50.81, 55.8041]
    assert found["mean_range"].estimate == pytest.approx(16.9 / 9)
    assert found["range_limit"].estimate == pytest.approx(3.267 * 16.9 / 9)
    assert found.settings == {"outside": [], "runs": []}
    assert found.conf_int() == (None, None)
    assert found.p_value is None
    assert "they are no confidence intervals" in found.summary()


def test_limits_come_from_the_time_before_and_judge_the_time_after():
    values = [*FLOW, 40.0, *[52.0] * 8]
    found = chart(values, intervention_time=2011)
    assert round(found["lower_limit"].estimate, 4) == 45.8159
    assert found.counts == {"observations": 19, "before": 10, "after": 9}
    assert found.settings == {"outside": ["2011"], "runs": [str(year) for year in range(2012, 2020)]}
    assert [(check.name, check.passed) for check in found.checks] == [
        ("outside", None),
        ("runs", None),
        ("autocorrelation", True),
    ]
    assert found.data["range"].iloc[1] == pytest.approx(2.0)
    assert np.isnan(found.data["range"].iloc[0])


def test_a_run_ends_where_the_mean_is_crossed_or_met():
    even = [1.0, -1.0] * 4
    assert chart([*even, *[0.5] * 8, *reversed(even)], intervention_time=2009).settings["runs"] == [
        str(year) for year in range(2009, 2017)
    ]
    assert chart([*even, *[0.5] * 7, -1.0], intervention_time=2009).settings["runs"] == []
    assert chart([*even, *[0.0] * 9], intervention_time=2009).settings["runs"] == []


def test_correlated_values_are_said_to_be():
    walk = np.cumsum(np.random.default_rng(1).standard_normal(60))
    failed = {check.name for check in chart(walk).checks if check.passed is False}
    assert failed == {"autocorrelation"}


@pytest.mark.parametrize("value", [5.0, 0.1, 1 / 3, 49.6, 1e9 + 0.1])
def test_equal_values_have_limits_at_their_mean(value):
    found = chart([value] * 12)
    assert (found["lower_limit"].estimate, found["upper_limit"].estimate) == pytest.approx((value, value))
    assert found.settings == {"outside": [], "runs": []}
    assert len(found.checks) == 2
    assert chart([*[value] * 12, value * 1.001], intervention_time=2013).settings["outside"] == ["2013"]


def test_values_that_lie_on_the_mean_but_for_rounding_make_no_run():
    assert chart([*[0.2, 0.4] * 5, *[0.3] * 9], intervention_time=2011).settings["runs"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_shows_mean_and_limits(language):
    found = chart(FLOW)
    grey = [line.get_ydata()[0] for line in draw(found.plots[0], language).axes[0].lines if line.get_color() == "#9aa5b1"]
    assert grey == pytest.approx([45.8159, 55.8041], abs=1e-4)
    assert "NaN" not in found.summary()
    assert plain(found.plots[0]["caption"], language)
    assert "flow" in plain(cm.readout(found).payload()["paragraphs"][0], language)


def test_many_signals_are_counted():
    text = chart([*FLOW, *[99.0] * 20], intervention_time=2011).summary()
    assert "and 8 more" in text


@pytest.mark.parametrize(
    ("values", "settings", "text"),
    [
        (FLOW[:7], {}, "limits need at least 8 periods to come from; there are 7"),
        (FLOW, {"intervention_time": 2005}, "limits need at least 8 periods to come from; there are 4"),
        (FLOW, {"outcome": "flows"}, "outcome: there is no column 'flows'; did you mean 'flow'"),
        (FLOW, {"intervention_time": 2030}, "must lie after 2001"),
        ([*FLOW[:-1], np.nan], {}, "missing"),
        ([*FLOW[:-1], "many"], {}, "many"),
    ],
)
def test_what_cannot_be_charted_is_refused(values, settings, text):
    with pytest.raises(AnalysisError, match=text):
        chart(values, **settings)
