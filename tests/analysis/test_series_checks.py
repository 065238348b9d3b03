"""Robustness checks of a series: each passes where it should and fails where it should."""

import numpy as np
import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError
from county_metrics.present.plots import draw

KEYS = {"outcome": "days", "time": "month", "intervention_time": "2014-02"}


def made(level=-10.0, seed=1, before=40, after=30, extra=0.0):
    months = pd.period_range(end=pd.Period("2014-02", "M") + after - 1, periods=before + after, freq="M").astype(str)
    since = np.arange(before + after) - before
    values = 50 + level * (since >= 0) + extra * (since >= -15) + np.random.default_rng(seed).standard_normal(before + after)
    return pd.DataFrame({"month": months, "days": values})


def test_a_true_start_stands_out_from_placebo_dates():
    found = cm.placebo_dates(made(), **KEYS, slope=False)
    assert found.passed is True
    assert found.text["slots"]["count"]["number"] == "25"
    assert found.text["slots"]["larger"]["number"] == "0"


def test_an_earlier_jump_beats_the_start():
    found = cm.placebo_dates(made(level=-2, extra=-10), **KEYS, slope=False)
    assert found.passed is False
    assert int(found.text["slots"]["larger"]["number"]) >= 1


def test_few_placebo_dates_only_inform():
    assert cm.placebo_dates(made(before=20), **KEYS).passed is None
    assert "too short" in str(cm.placebo_dates(made(before=12), **KEYS).text).replace("placebo_none", "too short")


def test_placebo_dates_use_all_periods_before_whatever_the_window():
    """A window of 12 on each side of a made-up start: the first with 8 periods before is the 9th, the last the 33rd."""
    found = cm.placebo_dates(made(), **KEYS, window=12)
    assert found.text["slots"]["count"]["number"] == "25"


def test_a_narrow_window_is_not_widened():
    found = {check.name: check for check in cm.series_checks(made(), **KEYS, window=5, slope=False, trend=False).results}
    assert found["window"].passed is None
    assert "autocorrelation" not in found
    near = {"slope": False, "trend": False, "least_side": 4}
    assert cm.placebo_dates(made(), **KEYS, **near, window=5).passed is None
    assert cm.placebo_dates(made(), **KEYS, **near, window=8).passed is True


def test_dates_move_with_their_window_and_phase_in():
    found = {check.name: check for check in cm.series_checks(made(), **KEYS, window=12, phase_in=2, slope=False).results}
    moved = [cm.interrupted_time_series(made(), **(KEYS | {"intervention_time": month}), window=12, phase_in=2, slope=False).estimate
             for month in ("2013-11", "2013-12", "2014-01", "2014-03", "2014-04", "2014-05")]  # fmt: skip
    assert float(found["dates"].text["slots"]["low"]["number"]) == pytest.approx(min(moved), rel=1e-6)
    assert float(found["dates"].text["slots"]["high"]["number"]) == pytest.approx(max(moved), rel=1e-6)


def test_an_exact_fit_only_informs():
    table = made().assign(days=lambda data: 3.0 + np.arange(len(data)))
    found = cm.series_checks(table, **KEYS).results
    assert {check.passed for check in found} == {None}
    assert "autocorrelation" not in {check.name for check in found}


def test_newey_west_errors_of_a_short_series_are_not_shown():
    assert "hac_lags" not in {check.name for check in cm.series_checks(made(before=20, after=20), **KEYS, method="ols").results}


@pytest.mark.parametrize("check", [cm.series_checks, cm.placebo_dates])
@pytest.mark.parametrize(
    ("data", "given", "text"),
    [
        ([1, 2], {}, "data is"), (None, {}, "data is"), (made(), {"time": None}, "time"), (made(), {"level": "a"}, "level"),
        (made(), {"horizon": "x"}, "horizon"),
    ],
)  # fmt: skip
def test_what_is_no_table_or_choice_is_refused(check, data, given, text):
    with pytest.raises(AnalysisError, match=text):
        check(data, **(KEYS | given))


def test_placebo_dates_do_not_look_past_the_start():
    table = made()
    other = table.assign(days=table["days"].where(table["month"] < "2014-02", 1e6))
    found, moved = (cm.placebo_dates(t, **KEYS).text["slots"]["largest"]["number"] for t in (table, other))
    assert found == moved


def test_all_checks_of_a_clear_change_pass():
    checks = cm.series_checks(made(), **KEYS, slope=False)
    assert {check.name for check in checks.results} == {"autocorrelation", "placebo_dates", "dates", "window", "leave_one_out"}
    assert checks.passed
    assert {check.name for check in checks.results if check.passed is None} == {"dates"}
    assert "Level change without each period in turn" in checks.summary()


def test_leave_one_out_finds_the_change_that_one_period_makes():
    table = made(level=0, seed=5)
    table.loc[40, "days"] += 60
    by_name = {check.name: check for check in cm.series_checks(table, **KEYS).results}
    low, high = (float(by_name["leave_one_out"].text["slots"][end]["number"]) for end in ("low", "high"))
    assert high > 10
    assert low < 2
    assert by_name["leave_one_out"].text["slots"]["count"]["number"] == "70"


def test_lags_are_tried_for_newey_west():
    by_name = {check.name: check for check in cm.series_checks(made(), **KEYS, method="ols").results}
    assert by_name["hac_lags"].passed is None
    assert by_name["hac_lags"].text["slots"]["most"]["number"] == "6"


def test_a_specification_curve_has_a_row_a_combination():
    grid = {"method": ["auto", "ols"], "slope": [True, False], "window": [20, None]}
    block = cm.series_curve(made(), **KEYS, grid=grid).payload()
    rows = block["blocks"][0]["data"]["rows"]
    assert len(rows) == 8
    one = next(row for row in rows if row["choices"] == {"method": "auto", "slope": "False", "window": "None"})
    found = cm.interrupted_time_series(made(), **KEYS, slope=False)
    assert float(one["value"]) == pytest.approx(found.estimate)
    assert float(one["low"]) == pytest.approx(found.conf_low)
    assert {row["low"] is None for row in rows if row["choices"]["method"] == "ols"} == {True}


def test_the_curve_of_simulated_data_says_so():
    table, grid = made(), {"slope": [True, False]}
    assert drawing(cm.series_curve(table, **KEYS, grid=grid)) != "simulated data"
    table.attrs["simulated"] = True
    assert drawing(cm.series_curve(table, **KEYS, grid=grid)) == "simulated data"


def drawing(curve):
    """Text at the upper right of a curve."""
    return draw(curve.payload()["blocks"][0], "en").axes[0].get_title(loc="right")


@pytest.mark.parametrize(
    ("grid", "text"),
    [
        ({}, "grid names one or more of method"),
        ({"colour": ["red"]}, "grid names one or more of method"),
        ({"window": list(range(8, 600))}, "up to 500 combinations"),
        ({"method": ["ar1", "poisson"]}, "keep them in two curves"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(grid, text):
    with pytest.raises(AnalysisError, match=text):
        cm.series_curve(made(), **KEYS, grid=grid)


@pytest.mark.parametrize("errors", ["ar1", "quasi", "hac"])
def test_checks_of_counts_take_a_season_without_events_as_left_out(errors):
    """Placebo dates, other dates and windows see only periods that say something."""
    month = pd.period_range("2008-01", periods=96, freq="M")
    counts = np.random.default_rng(4).poisson(9, 96).astype(float)
    empty = month.month == 7
    table = pd.DataFrame({"month": month.astype(str), "days": np.where(empty, 0, counts)})
    dummies = {f"m{each}": (month.month == each).astype(float) for each in range(2, 13) if each != 7}
    left_out = table.assign(days=np.where(empty, np.nan, counts), **dummies)
    choices = {"outcome": "days", "time": "month", "intervention_time": "2012-01", "method": "poisson", "errors": errors}
    found = cm.series_checks(table, season="dummies", **choices)
    other = cm.series_checks(left_out, covariates=list(dummies), missing="drop", **choices)
    ranges = {check.name: (check.passed, check.text) for check in found.results if check.name in ("window", "leave_one_out")}
    assert len(ranges) == 2
    assert ranges == {check.name: (check.passed, check.text) for check in other.results if check.name in ranges}
    few = np.zeros(96)
    few[3::12] = [9, 12, 8, 10, 15, 14, 17, 16]
    checks = cm.series_checks(table.assign(days=few), season="dummies", **choices)
    assert [check.name for check in checks.results] == ["placebo_dates", "dates", "window", "leave_one_out"]
    assert all(check.passed is None for check in checks.results)


def test_made_up_starts_need_periods_that_say_something():
    rng, month = np.random.default_rng(3), np.arange(96) % 12
    counts = np.where(np.arange(96) < 48, rng.poisson(6, 96) * (month == 5), rng.poisson(6, 96))
    table = pd.DataFrame({"month": pd.period_range("2010-02", periods=96, freq="M").astype(str), "days": counts})
    found = cm.placebo_dates(table, **KEYS, method="poisson", season="dummies", slope=False, trend=False)
    assert (found.passed, found.text["say"]) == (None, "series_check.placebo_none")


@pytest.mark.parametrize("window", [None, 24])
def test_a_curve_takes_a_season_without_events(window):
    counts = np.random.default_rng(1).poisson(10, 96) * (np.arange(96) % 12 != 3)
    table = pd.DataFrame({"month": pd.period_range("2010-02", periods=96, freq="M").astype(str), "days": counts})
    choices = {"method": "poisson", "season": "dummies", "window": window}
    block = cm.series_curve(table, **KEYS, **choices, grid={"errors": ["quasi", "model"]})
    found = cm.interrupted_time_series(table, **KEYS, **choices, errors="quasi")["level_change"].estimate
    assert f"{found:.3f}".replace("-", "−") in block.summary()
