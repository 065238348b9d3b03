"""Controlled series: the change beyond that of comparison series."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import county_metrics as cm
from county_metrics.analysis.design import DesignError
from county_metrics.analysis.effect import AnalysisError

KEYS = {"outcome": "days", "time": "month", "unit": "county", "treated": "Jiashan", "intervention_time": "2014-01"}


def made(noise=1.0, shock=10.0, effect=-8.0, seed=1, units=("Jiashan", "Tonglu", "Anji")):
    """A simulated table: a shock shared by all at the start, and an effect on the first unit alone."""
    rng, since = np.random.default_rng(seed), np.arange(60) - 30
    months = pd.period_range("2011-07", periods=60, freq="M").astype(str)
    common = 3 * rng.standard_normal(60) + np.where(since >= 0, shock, 0)
    frames = []
    for place, unit in enumerate(units):
        own = effect * (since >= 0) if place == 0 else 0
        values = 40 + 5 * place + 0.1 * since + common + own + noise * rng.standard_normal(60)
        frames.append(pd.DataFrame({"county": unit, "month": months, "days": values}))
    return pd.concat(frames, ignore_index=True)


def controlled(table, **settings):
    return cm.controlled_time_series(table, **(KEYS | settings))


def test_a_shock_that_all_share_is_no_effect():
    table = made()
    found = controlled(table)
    assert found["level_change"].estimate == pytest.approx(-8, abs=1.5)
    assert found.conf_low < -8 < found.conf_high
    alone = cm.interrupted_time_series(
        table[table["county"] == "Jiashan"], outcome="days", time="month", intervention_time="2014-01"
    )
    assert alone.estimate == pytest.approx(2, abs=4)
    assert found.counts == {"observations": 60, "before": 30, "after": 30, "treated": 1, "controls": 2}
    assert found.design == "controlled_series"


def test_the_level_change_is_the_interaction_of_a_pooled_regression():
    table = made()
    found = controlled(table, method="ols")
    since = table.groupby("county").cumcount() - 30
    long = table.assign(since=since, after=(since >= 0).astype(int), ours=(table["county"] == "Jiashan").astype(int))
    long["ramp"] = long["since"] * long["after"]
    pooled = smf.ols("days ~ ours * (since + after + ramp)", long).fit()
    assert found["level_change"].estimate == pytest.approx(pooled.params["ours:after"])
    assert found["slope_change"].estimate == pytest.approx(pooled.params["ours:ramp"])


def test_a_logarithm_gives_the_ratio_of_ratios():
    table = made(noise=0, shock=0, effect=0)
    after = (table["month"] >= "2014-01") & (table["county"] == "Jiashan")
    table["days"] = np.where(after, 0.7, 1.0) * 100 * np.exp(table.groupby("month")["days"].transform("mean") / 50)
    found = controlled(table, log=True, slope=False)
    assert found.headline.term == "ratio"
    assert found.estimate == pytest.approx(0.7)
    people = table.assign(people=np.where(after, 2.0, 1.0))
    assert controlled(people, log=True, slope=False, exposure="people").estimate == pytest.approx(0.35)


def test_the_continued_trend_follows_the_comparison():
    found = controlled(made(noise=0))
    table = found.data
    after = table["after"]
    assert (table["treated_observed"] - table["treated_counterfactual"])[after].to_numpy() == pytest.approx(np.full(30, -8.0))
    assert found.plots[0]["data"]["controls"][0]["label"]["en"] == "Anji, Tonglu"
    assert len(found.plots) == 2


def test_checks_show_the_earlier_trend_and_each_comparison_unit():
    by_name = {check.name: check for check in controlled(made()).checks}
    assert by_name["pre_trend"].passed is None
    assert by_name["leave_one_out"].passed is True
    assert "leave_one_out" not in {check.name for check in controlled(made(units=("Jiashan", "Anji"))).checks}


def test_units_can_be_chosen_and_several_be_treated():
    table = made(units=("Jiashan", "Tonglu", "Anji", "Longgang"))
    assert controlled(table, controls=["Anji"]).counts["controls"] == 1
    both = controlled(table, treated=["Jiashan", "Tonglu"])
    assert both["level_change"].estimate == pytest.approx(-4, abs=1.5)


def test_units_come_in_any_list_and_count_once():
    table = made(units=("Jiashan", "Tonglu", "Anji", "Deqing"))
    plain = controlled(table, treated=["Jiashan", "Deqing"], controls=["Tonglu", "Anji"])
    for treated in (np.array(["Jiashan", "Deqing"]), pd.Series(["Jiashan", "Deqing"]), ["Jiashan", "Deqing", "Jiashan"]):
        found = controlled(table, treated=treated, controls=["Tonglu", "Anji", "Tonglu"])
        assert found.estimate == plain.estimate
        assert found.counts == plain.counts


def test_units_that_are_the_same_leave_no_gap():
    table = made(noise=0.0, effect=0.0)
    table["days"] = table.groupby("month")["days"].transform("first") * 1.1
    found = controlled(table)
    assert found.conf_low is None
    assert "fits every period exactly" in found.summary()


@pytest.mark.parametrize(("log", "ratio", "gap"), [(True, 1.001, 0.0), (False, 1.0, -0.3)])
def test_a_gap_that_is_constant_but_for_rounding_is_exact(log, ratio, gap):
    months = pd.period_range("2011-07", periods=60, freq="M").astype(str)
    common = np.round(4e4 + np.random.default_rng(1).standard_normal(60), 2)
    values = {"Jiashan": common * ratio + gap, "Tonglu": common, "Anji": common}
    found = controlled(
        pd.concat([pd.DataFrame({"county": unit, "month": months, "days": each}) for unit, each in values.items()]), log=log
    )
    assert found.conf_low is None
    assert {check.passed for check in found.checks} <= {None}


@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_a_gap_of_whole_numbers_on_a_line_is_exact(slope):
    months = pd.period_range("2011-07", periods=60, freq="M").astype(str)
    common = np.random.default_rng(0).integers(80, 130, 60)
    values = {"Jiashan": common + slope * np.arange(60) - 8 * (np.arange(60) >= 30), "Tonglu": common}
    found = controlled(
        pd.concat([pd.DataFrame({"county": unit, "month": months, "days": each}) for unit, each in values.items()])
    )
    assert found["level_change"].p_value is None
    assert "autocorrelation" not in {check.name for check in found.checks}


@pytest.mark.parametrize("height", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("log", [False, True])
def test_a_gap_to_a_mean_that_is_no_decimal_is_exact_on_a_line(log, height):
    """Slopes of a third, or growth at constant rates."""
    step = np.arange(48.0)
    ours = 100 * 1.03**step * np.where(step >= 24, 1.2, 1) if log else 100 + step + 5 * (step >= 24)
    others = (50 * 1.01**step, 70 * 1.02**step, 60 * 1.05**step) if log else (50 + step, 40 + 2 * step, 60 + step)
    ours, others = ours * height, [other * height for other in others]
    rows = [
        pd.DataFrame({"month": pd.period_range("2012-01", periods=48, freq="M"), "county": name, "days": values})
        for name, values in zip(("Jiashan", "Tonglu", "Anji", "Cixi"), (ours, *others), strict=True)
    ]
    found = controlled(pd.concat(rows), log=log)
    assert found["level_change"].estimate == pytest.approx(np.log(1.2) if log else 5 * height)
    assert found.conf_low is found.std_error is found.p_value is None
    assert "fits every period exactly" in found.summary()


def test_a_small_gap_under_a_high_level_is_exact_on_a_line_and_not_with_noise():
    step = np.arange(48.0)
    month = pd.period_range("2012-01", periods=48, freq="M")
    for noise, exact in ((0.0, True), (1e-7, False)):
        errors = noise * np.random.default_rng(2).standard_normal(48)
        values = {"Jiashan": 1e4 * 1.021**step * np.exp(errors), "Tonglu": 1e4 * 1.02**step}
        rows = [pd.DataFrame({"month": month, "county": name, "days": each}) for name, each in values.items()]
        assert (controlled(pd.concat(rows), log=True).p_value is None) is exact
        thirds = {"Jiashan": 1e6 + step / 3 + 1e3 * errors, "Tonglu": np.full(48, 1e6)}
        rows = [pd.DataFrame({"month": month, "county": name, "days": each}) for name, each in thirds.items()]
        assert (controlled(pd.concat(rows)).p_value is None) is exact


def test_short_newey_west_series_still_leave_out_one_unit_at_a_time():
    found = controlled(made(units=("Jiashan", "Tonglu", "Anji")), method="ols", window=12)
    assert found.std_error is None
    assert {check.name: check.passed for check in found.checks}["leave_one_out"] is True


@pytest.mark.filterwarnings("error")
def test_units_that_never_have_values_together_are_refused():
    table = made(units=("Jiashan", "Tonglu"))
    place = table.groupby("county").cumcount()
    table.loc[(table["county"] == "Jiashan") == (place % 2 == 0), "days"] = np.nan
    with pytest.raises(AnalysisError, match="0 periods before and 0 after remain"):
        controlled(table, missing="drop")


@pytest.mark.parametrize("treated", [[pd.NA], np.array([["Jiashan", "Anji"]]), [["Jiashan"]]])
def test_what_is_no_name_of_a_unit_is_refused(treated):
    with pytest.raises(AnalysisError, match="treated and controls are names of units, not"):
        controlled(made(), treated=treated)


def test_a_unit_without_values_is_named():
    table = made()
    table.loc[table["county"] == "Anji", "days"] = np.nan
    with pytest.raises(AnalysisError, match="unit 'Anji' has no period with all its values; leave it out"):
        controlled(table, missing="drop")


def test_periods_missing_in_any_unit_are_left_out_when_said():
    table = made()
    table.loc[[4, 70], "days"] = np.nan
    with pytest.raises(AnalysisError, match=r"unit 'Jiashan': column 'days' has missing values \(row 4"):
        controlled(table)
    assert controlled(table, missing="drop").counts["observations"] == 58


@pytest.mark.parametrize(
    ("spoil", "settings", "text"),
    [
        (lambda t: t, {"treated": "Deqing"}, r"column 'county' holds no 'Deqing'; it holds Anji, Jiashan, Tonglu"),
        (lambda t: t, {"controls": ["Jiashan"]}, r"none may be both"),
        (lambda t: t[t["county"] == "Jiashan"], {}, r"leave at least one other unit for comparison"),
        (lambda t: t.drop(index=[65]), {}, r"unit 'Tonglu': column 'month' is not regular: no row for 2011-12"),
        (lambda t: t.drop(index=[60]), {}, r"unit 'Tonglu' has periods 2011-08 to 2016-06, the table 2011-07 to 2016-06"),
        (lambda t: pd.concat([t, t.iloc[[61]]]), {}, r"unit 'Tonglu': column 'month' has several rows for one period"),
        (lambda t: t.assign(county=t["county"].where(t.index != 9)), {}, r"names no unit in some rows \(row 9"),
        (lambda t: t, {"method": "poisson"}, r"counts are compared as log rates"),
        (lambda t: t, {"exposure": "days"}, r"exposure belongs to log=True"),
    ],
)
def test_what_cannot_be_used_is_refused(spoil, settings, text):
    with pytest.raises(AnalysisError, match=text):
        controlled(spoil(made()), **settings)


def test_a_single_series_has_no_comparison():
    table = made()
    table.attrs["design"] = "series"
    with pytest.raises(DesignError, match="a comparison series or a panel"):
        controlled(table)
