"""Event studies and staggered adoption, against published numbers and other implementations."""

import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import causaldata
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import county_metrics as cm
from county_metrics.analysis.clustered import pre_trend
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.group_time import band, fit_cells, parts_of, spread_of
from county_metrics.analysis.panel import library_notes, read_panel
from county_metrics.present.wording import plain
from tests.analysis.test_panel import COLUMNS, made_up_panel

STAGGERED = COLUMNS | {"treatment_start": "first"}
COUNTIES = {"outcome": "lemp", "unit": "countyreal", "period": "year", "treatment_start": "first.treat"}


@pytest.fixture
def mpdta():
    """County teen employment and minimum wages, from R's `did`."""
    folder = os.environ.get("COUNTY_METRICS_ANCHORS")
    if not folder:
        pytest.skip("COUNTY_METRICS_ANCHORS does not name a folder with the data of published studies")
    return pd.read_csv(Path(folder) / "mpdta.csv")


def two_starts(**arguments):
    data = made_up_panel(treated=24, controls=26, **arguments)
    early = data["county"] < "c12"
    data.loc[early & (data["year"] >= 2012) & (data["year"] < 2014), "y"] -= 3
    data.loc[early, "first"] = 2012
    return data


def test_counties_as_published(mpdta):
    """Callaway and Sant'Anna (2021) without covariates, never treated as comparison: the numbers of R's `did`."""
    result = cm.staggered_adoption(mpdta, **COUNTIES, aggregate="group_time")
    assert round(result["att_2004_2005"].estimate, 4) == -0.0704
    assert round(result["att_2004_2006"].estimate, 4) == -0.1373
    assert round(result["dynamic"].estimate, 4) == -0.0772
    assert round(result["simple"].estimate, 4) == -0.0400
    assert (round(result["group"].estimate, 4), round(result["group"].std_error, 4)) == (-0.0310, 0.0124)
    assert result.settings["comparison"] == "never_treated"


@pytest.mark.parametrize("comparison", ["never_treated", "not_yet_treated"])
@pytest.mark.parametrize("weighted", [False, True])
def test_averages_agree_with_those_of_the_library(mpdta, comparison, weighted):
    from diff_diff import CallawaySantAnna, SurveyDesign

    data = mpdta.rename(columns={"first.treat": "first"}).assign(w=np.exp(mpdta["lpop"]))
    design = SurveyDesign(weights="w") if weighted else None
    with pytest.warns(UserWarning, match="normalized") if weighted else nullcontext():
        fit = CallawaySantAnna(control_group=comparison).fit(data, "lemp", "countyreal", "year", "first", survey_design=design)
    columns = COUNTIES | {"treatment_start": "first", "weights": "w" if weighted else None}
    simple = cm.staggered_adoption(data, **columns, comparison=comparison)
    assert simple.estimate == pytest.approx(fit.aggregate("simple").att[0])
    assert simple.std_error == pytest.approx(fit.aggregate("simple").se[0])
    events = fit.aggregate("event_study")
    table = simple.tidy().set_index("term").filter(like="event_", axis=0)
    np.testing.assert_allclose(table["estimate"], events.att)
    np.testing.assert_allclose(table["std_error"], events.se)
    groups = cm.staggered_adoption(data, **columns, comparison=comparison, aggregate="group").tidy().set_index("term")
    np.testing.assert_allclose(groups.filter(like="group_", axis=0)["std_error"], fit.aggregate("group").se)


def test_two_groups_by_hand():
    """Effects by start and period are differences of changes from the last period before the start."""
    data = made_up_panel()
    wide = data.pivot(index="county", columns="year", values="y")
    group = data.groupby("county")["first"].first() > 0
    change = wide.sub(wide[2013], axis=0)
    by_hand = change[group].mean() - change[~group].mean()
    result = cm.staggered_adoption(data, **STAGGERED, base_period="universal", aggregate="dynamic")
    for year in range(2014, 2018):
        assert result[f"event_{year - 2014}"].estimate == pytest.approx(by_hand[year])
    one, other = change[group][2014], change[~group][2014]
    error = np.sqrt(one.var(ddof=0) / len(one) + other.var(ddof=0) / len(other))
    assert result["event_0"].std_error == pytest.approx(error)
    assert result.estimate == pytest.approx(by_hand[[2014, 2015, 2016, 2017]].mean())


def test_calendar_average_by_hand():
    result = cm.staggered_adoption(two_starts(), **STAGGERED, aggregate="calendar")
    cells = result.data[result.data["event_time"] >= 0].groupby("period")["estimate"].mean()
    assert result.estimate == pytest.approx(cells.mean())
    assert result["calendar_2013"].estimate == pytest.approx(cells["2013"])


def test_not_yet_treated_needs_no_never_treated():
    data = two_starts()
    data = data[data["first"] > 0]
    with pytest.raises(AnalysisError, match="comparison='not_yet_treated'"):
        cm.staggered_adoption(data, **STAGGERED)
    result = cm.staggered_adoption(data, **STAGGERED, comparison="not_yet_treated")
    wide = data.pivot(index="county", columns="year", values="y")
    early = wide.index < "c12"
    change = wide[2012] - wide[2011]
    assert result["event_0"].estimate == pytest.approx(change[early].mean() - change[~early].mean())
    assert "No estimate for start 2014 in period 2014" in result.summary() or "2014" not in set(result.data["start"])


def test_known_truth_of_staggered_adoption():
    data = two_starts(seed=5)
    result = cm.staggered_adoption(data, **STAGGERED)
    assert result.conf_low < -3 < result.conf_high
    assert result.counts["treated"] == 24


def test_a_part_with_few_treated_counties_has_no_error():
    data = made_up_panel(treated=24, controls=26)
    data.loc[data["county"] < "c03", "first"] = 2012
    result = cm.staggered_adoption(data, **STAGGERED, aggregate="group")
    assert result["group_2012"].std_error is None
    assert result["group_2014"].std_error > 0
    lone = cm.staggered_adoption(data[~data["county"].isin(["c00", "c01"])], **STAGGERED, aggregate="group")
    assert "1 treated and 26 comparison clusters" in lone.summary()
    assert result["simple"].std_error > 0
    assert "3 treated and 26 comparison clusters" in result.summary()
    # The mean over periods from the start rests on three counties in its last ones.
    assert result["dynamic"].std_error is None


def test_weights_must_be_fixed_within_units():
    data = two_starts()
    with pytest.raises(AnalysisError, match="weights must be fixed within units"):
        cm.staggered_adoption(data.assign(w=data["year"]), **STAGGERED, weights="w")


def test_warnings_of_the_library_become_notes(recwarn):
    data = two_starts().assign(w=2.0)
    result = cm.staggered_adoption(data, **STAGGERED, weights="w")
    assert "Said by the library" not in result.summary()
    assert not recwarn.list
    said = [
        SimpleNamespace(message=text) for text in ("one cell is thin", "one cell is thin", "pass allow_unbalanced_panel=True")
    ]
    assert [plain(note, "en") for note in library_notes(said)] == ["Said by the library: one cell is thin"]


def test_a_mean_over_starts_has_as_few_comparisons_as_the_weakest_of_them():
    data = causaldata.castle.load_pandas().data
    start = data["sid"].map(data[data["post"] > 0].groupby("sid")["year"].min())
    late = data.assign(start=start)[start.notna()]
    columns = {"outcome": "l_homicide", "unit": "sid", "period": "year", "treatment_start": "start"}
    late = late.assign(l_homicide=np.log(late["homicide"]))
    found = cm.staggered_adoption(late, **columns, comparison="not_yet_treated", aggregate="group")
    assert found["group"].std_error is None
    assert found["group"].withheld


def test_unbalanced_panel_uses_the_pairs_there_are():
    data = two_starts()
    result = cm.staggered_adoption(data.drop(index=[3, 100]), **STAGGERED)
    assert "unbalanced: 2 cells" in result.summary()
    full = cm.staggered_adoption(data, **STAGGERED)
    assert result.estimate == pytest.approx(full.estimate, abs=0.3)
    assert result.estimate != full.estimate


def test_covariates_by_hand():
    """Outcome regression: the change of the treated less what the comparison's regression on the covariate predicts for them."""
    data = made_up_panel()
    size = dict(zip(data["county"].unique(), np.random.default_rng(2).normal(size=30), strict=True))
    data = data.assign(size=data["county"].map(size))
    wide = data.pivot(index="county", columns="year", values="y")
    one = data.groupby("county").first()
    change, group = wide[2015] - wide[2013], one["first"] > 0
    slope, level = np.polyfit(one["size"][~group], change[~group], 1)
    by_hand = (change[group] - level - slope * one["size"][group]).mean()
    result = cm.staggered_adoption(data, **STAGGERED, covariates=["size"], method="reg")
    assert result["event_1"].estimate == pytest.approx(by_hand)
    assert result["event_1"].estimate != pytest.approx(cm.staggered_adoption(data, **STAGGERED)["event_1"].estimate)


@pytest.mark.parametrize("unbalanced", [False, True])
def test_event_study_agrees_with_dummies(unbalanced):
    data = made_up_panel()
    if unbalanced:
        data = data.drop(data.index[::11])
    event = np.where(data["first"] > 0, data["year"] - data["first"], -1)
    dummies = pd.get_dummies(pd.Series(event, index=data.index)).drop(columns=-1).astype(float)
    dummies.columns = [f"e{i}" for i in range(dummies.shape[1])]
    formula = "y ~ " + " + ".join(dummies.columns) + " + C(county) + C(year)"
    fit = smf.ols(formula, data.join(dummies)).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(data["county"])[0]})
    scale = (len(data) - fit.df_model - 1) / (len(data) - dummies.shape[1] - 7 - 1)
    result = cm.event_study(data, **STAGGERED)
    table = result.data[result.data["event_time"] != -1]
    np.testing.assert_allclose(table["estimate"], fit.params[dummies.columns])
    np.testing.assert_allclose(table["std_error"], fit.bse[dummies.columns] * np.sqrt(scale))
    assert result["event_m1"].estimate == 0
    late = [f"e{i}" for i, e in enumerate(e for e in range(-4, 4) if e != -1) if e >= 0]
    test = fit.t_test(" + ".join(late) + " = 0")
    assert result.estimate == pytest.approx(test.effect[0] / 4)
    assert result.std_error == pytest.approx(test.sd[0, 0] / 4 * np.sqrt(scale))


def test_event_study_with_one_start_is_the_staggered_estimate():
    data = made_up_panel()
    one = cm.event_study(data, **STAGGERED)
    other = cm.staggered_adoption(data, **STAGGERED, base_period="universal", aggregate="dynamic")
    for term in ("event_m4", "event_m2", "event_0", "event_3"):
        assert one[term].estimate == pytest.approx(other[term].estimate)


def test_event_study_where_starts_differ_is_the_staggered_one():
    result = cm.event_study(two_starts(), **STAGGERED, leads=2, lags=2)
    assert result.settings["estimator"] == "callaway_santanna"
    assert list(result.data["event_time"]) == [-2, -1, 0, 1, 2]
    with pytest.raises(AnalysisError, match="where starts differ the reference is -1"):
        cm.event_study(two_starts(), **STAGGERED, reference=-2)


def test_far_periods_are_pooled_and_the_reference_may_move():
    data = made_up_panel()
    result = cm.event_study(data, **STAGGERED, leads=2, lags=1)
    assert list(result.data["event_time"]) == [-2, -1, 0, 1]
    moved = cm.event_study(data, **STAGGERED, reference=-3)
    whole = cm.event_study(data, **STAGGERED)
    assert moved["event_1"].estimate == pytest.approx(whole["event_1"].estimate - whole["event_m3"].estimate)
    with pytest.raises(AnalysisError, match=r"a period before the start that some treated unit has: \[-4, -3, -2, -1\]"):
        cm.event_study(data, **STAGGERED, reference=-7)


def test_pre_trends_never_pass_and_say_what_they_could_have_found():
    quiet = cm.event_study(made_up_panel(treated=20, controls=30), **STAGGERED).checks[0]
    assert quiet.passed is None
    slots = quiet.text["slots"]
    data = made_up_panel(treated=20, controls=30)
    steep = 1.5 * float(slots["slope"]["number"])
    data["y"] += steep * (data["first"] > 0) * (data["year"] - 2014)
    found = cm.event_study(data, **STAGGERED).checks[0]
    assert found.passed is False
    assert float(slots["bias"]["number"]) == pytest.approx(float(slots["slope"]["number"]) * np.mean([1, 2, 3, 4]))
    few = cm.event_study(made_up_panel(treated=5), **STAGGERED).checks[0]
    assert (few.passed, few.text["say"]) == (None, "panel_check.pre_trend_withheld")


def test_the_slope_that_is_named_is_found_four_times_in_five():
    rng, covariance, event = np.random.default_rng(6), np.diag([0.5, 0.4, 0.3]), np.array([-3.0, -2.0, -1.0])
    slope = pre_trend(np.zeros(3), event, covariance, 40).slope
    found = []
    for _ in range(200):
        wishart = rng.multivariate_normal(np.zeros(3), covariance, 40)
        test = pre_trend(rng.multivariate_normal(slope * event, covariance), event, wishart.T @ wishart / 40, 40)
        found.append(test.p_value < 0.05)
    assert np.mean(found) == pytest.approx(0.8, abs=0.09)


def test_decomposition_adds_up_to_the_coefficient(mpdta):
    result = cm.twfe_decomposition(mpdta, **COUNTIES)
    parts = result.data
    assert parts["weight"].sum() == pytest.approx(1)
    assert (parts["weight"] * parts["estimate"]).sum() == pytest.approx(result["twfe"].estimate)
    on = ((mpdta["first.treat"] > 0) & (mpdta["year"] >= mpdta["first.treat"])).astype(float)
    apart = on - on.groupby(mpdta["countyreal"]).transform("mean") - on.groupby(mpdta["year"]).transform("mean") + on.mean()
    assert result["twfe"].estimate == pytest.approx((apart @ mpdta["lemp"]) / (apart @ on))
    assert result["twfe"].std_error is None
    assert result.headline.term == "simple"
    assert result.checks[0].passed is False


def test_castle_doctrine_decomposition():
    """Cross-check, no printed source confirmed: weights and means of the kinds for the states of Cheng and Hoekstra (2013)."""
    data = causaldata.castle.load_pandas().data
    result = cm.twfe_decomposition(data, outcome="l_homicide", unit="sid", period="year", treated="post")
    weight = result.data.groupby("kind")["weight"].sum()
    found = {kind: (round(weight[kind], 3), round(result[kind].estimate, 3)) for kind in weight.index}
    assert found == {"earlier_vs_later": (0.077, -0.029), "later_vs_earlier": (0.024, 0.046), "treated_vs_never": (0.899, 0.078)}


def test_decomposition_of_an_unbalanced_panel_is_not_listed():
    result = cm.twfe_decomposition(two_starts().drop(index=4), **STAGGERED)
    assert result.data is None
    assert "The comparisons are not listed" in result.summary()


def test_band_is_wider_than_one_interval_and_repeats():
    panel = read_panel(two_starts(), **STAGGERED)
    events = parts_of(fit_cells(panel, "never_treated", "reg", "varying"))[0]
    found = [band(spread_of(panel, events), events, 0.95, 2000, seed=3) for _ in range(2)]
    assert found[0] == found[1]
    assert 2.0 < found[0] < 4.0
    result = cm.staggered_adoption(two_starts(), **STAGGERED, draws=200, seed=3)
    assert result.settings["band_critical_value"] > 1.96


def test_states_that_end_are_refused_here_too():
    data = two_starts().assign(on=lambda d: ((d["first"] > 0) & (d["year"] == d["first"])).astype(int))
    with pytest.raises(AnalysisError, match="treatment switches off"):
        cm.staggered_adoption(data, **COLUMNS, treated="on")


def test_a_large_panel_needs_no_dummies():
    """600 counties by 60 months: dense dummies would take 180 million cells."""
    data = made_up_panel(treated=300, controls=300, years=range(2010, 2070), start=2040, effect=-1.0)
    result = cm.event_study(data, **STAGGERED)
    assert len(result.data) == 60
    assert result.conf_low < -1 < result.conf_high
