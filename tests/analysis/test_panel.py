"""Difference-in-differences and the shape of panels, against published numbers and other implementations."""

import causaldata
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import county_metrics as cm
from county_metrics.analysis.design import DesignError
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.grid import Grid, kind_of, ordinal
from county_metrics.analysis.panel import read_panel
from county_metrics.present.wording import plain

COLUMNS = {"outcome": "y", "unit": "county", "period": "year"}


def made_up_panel(treated=12, controls=18, years=range(2010, 2018), start=2014, effect=-3.0, seed=1):
    """Counties by years with effects of both, noise and a known effect."""
    rng, rows = np.random.default_rng(seed), []
    for county in range(treated + controls):
        level = rng.normal(50, 5)
        for year in years:
            on = county < treated and year >= start
            rows.append(
                (
                    f"c{county:02d}",
                    year,
                    level + 0.5 * (year - 2010) + effect * on + rng.normal(),
                    start if county < treated else 0,
                )
            )
    return pd.DataFrame(rows, columns=["county", "year", "y", "first"])


def text_of(result):
    return result.summary() + "".join(plain(check.text, "en") for check in result.checks)


@pytest.fixture
def organ_donations():
    data = causaldata.organ_donations.load_pandas().data
    return data.assign(california=data["State"] == "California")


ORGANS = {"outcome": "Rate", "unit": "State", "period": "Quarter_Num", "treated": "california", "intervention_time": 4}


@pytest.mark.parametrize("method", ["twfe", "two_by_two"])
def test_organ_donations_as_published(organ_donations, method):
    """−0.022: Huntington-Klein, The Effect, chapter 18, on the data of Kessler and Roth (2014)."""
    result = cm.difference_in_differences(organ_donations, **ORGANS, method=method)
    assert result.estimate == pytest.approx(-0.022458974, abs=1e-8)
    assert f"{result.estimate:.3f}" == "-0.022"
    assert result.std_error is None
    assert "1 treated and 26 comparison clusters; each side needs 10" in result.summary()


def test_one_treated_state_is_judged_by_reassigning_treatment(organ_donations):
    """By hand: the change of each state less the mean change of the others, ranked."""
    wide = organ_donations.pivot(index="State", columns="Quarter_Num", values="Rate")
    change = wide[[4, 5, 6]].mean(axis=1) - wide[[1, 2, 3]].mean(axis=1)
    gaps = {state: change[state] - change.drop(state).mean() for state in wide.index}
    share = np.mean([abs(gap) >= abs(gaps["California"]) - 1e-12 for gap in gaps.values()])
    result = cm.difference_in_differences(organ_donations, **ORGANS)
    assert result.p_value == pytest.approx(share) == pytest.approx(5 / 27)


@pytest.mark.parametrize(("covariance", "error"), [("classical", 632.85), ("HC2", 671.00)])
def test_nsw_experiment_as_published(covariance, error):
    """1794.34 (632.85): Dehejia and Wahba (1999); 671.00 with a variance for each group (Cunningham's data)."""
    data = causaldata.nsw_mixtape.load_pandas().data
    result = cm.difference_in_means(data, outcome="re78", treated="treat", covariance=covariance)
    assert round(result.estimate, 2) == 1794.34
    assert round(result.std_error, 2) == error
    fit = smf.ols("re78 ~ treat", data.assign(treat=data["treat"].astype(float))).fit(
        cov_type="nonrobust" if covariance == "classical" else "HC2"
    )
    assert result.std_error == pytest.approx(fit.bse["treat"])


def test_difference_in_means_says_everything_wrong():
    data = pd.DataFrame({"y": ["1", "x", "3"], "d": [0, 1, 2]})
    with pytest.raises(AnalysisError, match=r"y: not a finite number in rows \[1\]\nd: only 0 and 1 are allowed; found \['2'\]"):
        cm.difference_in_means(data, outcome="y", treated="d")
    with pytest.raises(AnalysisError, match="no column 'z'"):
        cm.difference_in_means(data, outcome="z", treated="d")
    few = pd.DataFrame({"y": [1.0, 2.0, 3.0], "d": [0, 1, 1]})
    with pytest.raises(AnalysisError, match="each group needs at least two rows; there are 2 and 1"):
        cm.difference_in_means(few, outcome="y", treated="d")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("unbalanced", [False, True])
def test_two_way_fixed_effects_agree_with_dummies(weighted, unbalanced):
    data = made_up_panel()
    rng = np.random.default_rng(3)
    data = data.assign(
        x=rng.normal(size=len(data)), w=rng.uniform(1, 5, len(data)), on=(data["year"] >= 2014) & (data["first"] > 0)
    )
    if unbalanced:
        data = data.drop(data.index[::9])
    fit = smf.wls("y ~ on + x + C(county) + C(year)", data, weights=data["w"] if weighted else 1.0).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(data["county"])[0]}
    )
    # statsmodels counts the effects of counties as parameters; they lie within clusters, so here they are not.
    scale = (len(data) - fit.df_model - 1) / (len(data) - 2 - 7 - 1)
    result = cm.difference_in_differences(
        data, **COLUMNS, treatment_start="first", covariates=["x"], weights="w" if weighted else None
    )
    assert result.estimate == pytest.approx(fit.params["on[T.True]"], rel=1e-9)
    assert result.std_error == pytest.approx(fit.bse["on[T.True]"] * np.sqrt(scale), rel=1e-9)


def test_clusters_above_units_agree_with_dummies():
    data = made_up_panel(treated=24, controls=26)
    data["province"] = "p" + (data["county"].str[1:].astype(int) // 2).astype(str)
    data["on"] = ((data["year"] >= 2014) & (data["first"] > 0)).astype(int)
    fit = smf.ols("y ~ on + C(county) + C(year)", data).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(data["province"])[0]}
    )
    scale = (len(data) - fit.df_model - 1) / (len(data) - 1 - 7 - 1)
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first", cluster="province")
    assert result.std_error == pytest.approx(fit.bse["on"] * np.sqrt(scale), rel=1e-9)
    assert result.counts["clusters"] == 25


def test_two_by_two_of_long_data_takes_rows_that_only_one_period_has():
    """As in a survey of stores, where some answer once: means of all rows, not of pairs."""
    rng = np.random.default_rng(8)
    data = pd.DataFrame(
        {"store": np.repeat(np.arange(80), 2), "after": np.tile([0, 1], 80), "state": np.repeat(np.arange(80) < 60, 2)}
    )
    data["fte"] = 20 + 3 * data["state"] + rng.normal(0, 2, 160)
    data = data.drop(data.index[[0, 7, 121]])
    means = data.groupby(["state", "after"])["fte"].mean()
    by_hand = means[True, 1] - means[True, 0] - means[False, 1] + means[False, 0]
    result = cm.difference_in_differences(data, outcome="fte", unit="store", period="after", treated="state", method="two_by_two")
    assert result.estimate == pytest.approx(by_hand)
    assert result.counts["units"] == 80
    pairs = cm.difference_in_differences(
        data, outcome="fte", unit="store", period="after", treated="state", method="two_by_two", balanced=True
    )
    assert pairs.counts["units"] == 77
    within = cm.difference_in_differences(data, outcome="fte", unit="store", period="after", treated="state")
    assert within.estimate == pytest.approx(pairs.estimate)


def test_rows_that_are_their_own_unit_have_classical_errors():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"y": rng.normal(size=300), "year": rng.choice([1978, 1981], 300), "near": rng.integers(0, 2, 300)})
    fit = smf.ols("y ~ near * C(year)", data).fit()
    result = cm.difference_in_differences(
        data, outcome="y", unit=None, period="year", treated="near", method="two_by_two", covariance="classical"
    )
    assert result.estimate == pytest.approx(fit.params["near:C(year)[T.1981]"])
    assert result.std_error == pytest.approx(fit.bse["near:C(year)[T.1981]"])
    assert result.p_value == pytest.approx(fit.pvalues["near:C(year)[T.1981]"])
    assert "rows of a place are alike" in result.summary()
    with pytest.raises(AnalysisError, match="use covariance='cluster'"):
        cm.difference_in_differences(data, outcome="y", unit="near", period="year", treated="near", covariance="classical")
    with pytest.raises(AnalysisError, match="effects of units need a unit"):
        cm.difference_in_differences(data, outcome="y", unit=None, period="year", treated="near")


def test_ways_to_say_when_treatment_starts_agree():
    data = made_up_panel()
    data = data.assign(
        group=(data["first"] > 0).astype(int), later=(data["year"] >= 2014).astype(int), empty=data["first"].replace(0, np.nan)
    )
    data["state"] = data["group"] * data["later"]
    ways = [
        {"treatment_start": "first"},
        {"treatment_start": "empty"},
        {"treated": "group", "post": "later"},
        {"treated": "group", "intervention_time": 2014},
        {"treated": "state"},
    ]
    found = {cm.difference_in_differences(data, **COLUMNS, **way).estimate for way in ways}
    assert len(found) == 1


def test_log_outcome_is_that_of_the_logarithm():
    data = made_up_panel()
    logged = cm.difference_in_differences(data.assign(y=np.log(data["y"])), **COLUMNS, treatment_start="first")
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first", log=True)
    assert result.headline.unit == "log"
    assert "small ones are close to relative changes" in result.summary()
    assert result.estimate == logged.estimate
    assert "logarithm" in result.summary()
    with pytest.raises(AnalysisError, match=r"y: a logarithm needs positive values; -1\.0 in row 3"):
        cm.difference_in_differences(
            data.assign(y=data["y"].where(data.index != 3, -1.0)), **COLUMNS, treatment_start="first", log=True
        )


def test_groups_with_several_members_a_period():
    data = pd.concat([made_up_panel(seed=seed) for seed in (1, 2)], ignore_index=True)
    with pytest.raises(AnalysisError, match=r"480 rows share their unit and period: c00 2010 \(row 0\).*cross_sections=True"):
        cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    fit = smf.ols("y ~ on + C(county) + C(year)", data.assign(on=(data["year"] >= 2014) & (data["first"] > 0))).fit()
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first", cross_sections=True)
    assert result.estimate == pytest.approx(fit.params["on[T.True]"])


def test_known_truth_and_repeat():
    data = made_up_panel(treated=60, controls=90)
    kept = data.copy(deep=True)
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    assert result.conf_low < -3 < result.conf_high
    again = cm.difference_in_differences(data.sample(frac=1, random_state=2), **COLUMNS, treatment_start="first")
    assert again.estimate == pytest.approx(result.estimate, rel=1e-12)
    pd.testing.assert_frame_equal(data, kept)


def test_few_treated_counties_get_no_error_by_cluster():
    result = cm.difference_in_differences(made_up_panel(treated=9), **COLUMNS, treatment_start="first")
    assert result.std_error is None
    assert result.p_value is not None
    assert "9 treated and 18 comparison clusters" in result.summary()
    few = cm.difference_in_differences(made_up_panel(controls=9), **COLUMNS, treatment_start="first")
    assert few.std_error is None
    unbalanced = cm.difference_in_differences(made_up_panel(treated=9).drop(index=5), **COLUMNS, treatment_start="first")
    assert (unbalanced.std_error, unbalanced.p_value, unbalanced.conf_low) == (None, None, None)
    assert cm.difference_in_differences(made_up_panel(treated=10), **COLUMNS, treatment_start="first").std_error > 0


def test_starts_that_differ_are_refused_with_the_decomposition():
    data = made_up_panel()
    data.loc[data["county"] < "c06", "first"] = 2012
    text = r"starts at 2 different times \(2012, 2014\).*units already treated, with \d+\.\d % of its weight.*staggered_adoption"
    with pytest.raises(AnalysisError, match=text):
        cm.difference_in_differences(data, **COLUMNS, treatment_start="first")


def test_missing_values_and_always_treated_units_are_counted():
    data = made_up_panel()
    data.loc[0, "y"] = np.nan
    data.loc[data["county"] == "c01", "first"] = 2010
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    text = result.summary()
    assert "Rows left out because a value is missing: 1. y (1)" in text
    assert "treated in every period seen, so have no before: 1." in text
    assert "unbalanced: 1 cells" in text
    assert result.counts["units"] == 29
    kept = cm.difference_in_differences(data, **COLUMNS, treatment_start="first", balanced=True)
    assert kept.counts["units"] == 28
    data.loc[data["county"] == "c02", "first"] = 2030
    later = cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    assert "treated only after the last period, taken as not treated: 1." in later.summary()
    assert later.counts["treated"] == 10


PROBLEMS = {
    "one_unit": (lambda d: d[d["county"] == "c00"], "there is one unit"),
    "one_period": (lambda d: d[d["year"] == 2010], "nothing to estimate"),
    "no_control": (lambda d: d[d["first"] > 0], "there is no control"),
    "no_treated": (lambda d: d[d["first"] == 0], "no unit becomes treated"),
    "moving_start": (lambda d: d.assign(first=d["first"].where(d.index != 2, 2015)), "first: must be the same in all rows .*'c00'"),
    "words": (lambda d: d.assign(y=d["y"].astype(object).where(d.index != 2, "n/a")), "y: not a finite number; 'n/a' in row 2"),
    "endless": (lambda d: d.assign(y=d["y"].where(d.index != 2, np.inf)), "y: not a finite number; inf in row 2"),
    "loose_period": (lambda d: d.assign(year=d["year"] + 0.5), "year: periods are whole numbers, dates"),
    "no_column": (lambda d: d.drop(columns="y"), "there is no column 'y'"),
    "odd_start": (lambda d: d.assign(first=d["first"].astype(object).where(d["first"] > 0, "later")), "first: cannot be read as a period"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_faulty_panel_is_refused_with_the_reason(name):
    spoil, text = PROBLEMS[name]
    with pytest.raises(AnalysisError, match=text):
        cm.difference_in_differences(spoil(made_up_panel()), **COLUMNS, treatment_start="first")


def test_all_problems_at_once():
    data = made_up_panel().assign(w=1.0)
    data["y"] = data["y"].astype(object)
    data.loc[1, "y"] = "many"
    data.loc[2, "w"] = -1.0
    data["year"] = data["year"].astype(object)
    data.loc[4, "year"] = "soon"
    data.attrs["unit"] = ["days", "workdays"]
    with pytest.raises(AnalysisError) as caught:
        read_panel(data, **COLUMNS, treatment_start="first", weights="w")
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0].split(" ")[0] for line in lines] == ["the", "y", "w", "year"]
    assert "'soon' in row 4" in lines[3]
    with pytest.raises(AnalysisError, match=r"no column 'start'.*\n.*no column 'weight'"):
        read_panel(made_up_panel(), **COLUMNS, covariates=["weight"], treatment_start="first", cluster="start")


TREATMENT = {
    "neither": ({}, "either treatment_start"),
    "both": ({"treatment_start": "first", "treated": "group"}, "either treatment_start"),
    "post_too": ({"treatment_start": "first", "post": "later"}, "already says when"),
    "no_time": ({"treated": "group"}, "say when treatment starts with post or intervention_time"),
    "not_binary": ({"treated": "first", "post": "later"}, "first: only 0 and 1 are allowed; 2014 in row 0"),
    "post_back": ({"treated": "group", "post": "back"}, "back: must be 0 in every period before"),
    "odd_time": ({"treated": "group", "intervention_time": "spring"}, "'spring' is not written like the periods"),
    "off_again": ({"treated": "ended"}, "treatment switches off in c00.*keep the periods before it ends"),
    "state_and_post": ({"treated": "state", "post": "later"}, "so it says when; leave out post"),
    "split_cluster": ({"treatment_start": "first", "cluster": "year"}, "year: a cluster must hold whole units"),
}


@pytest.mark.parametrize("name", TREATMENT)
def test_treatment_that_is_not_clear_is_refused(name):
    arguments, text = TREATMENT[name]
    data = made_up_panel()
    data = data.assign(group=(data["first"] > 0).astype(int), later=(data["year"] >= 2014).astype(int))
    data = data.assign(state=data["group"] * data["later"], back=1 - data["later"], ended=data["group"] * (data["year"] == 2014))
    with pytest.raises(AnalysisError, match=text):
        cm.difference_in_differences(data, **COLUMNS, **arguments)


def test_arguments_that_are_not_allowed_are_refused_together():
    text = r"level is a share between 0 and 1, such as 0\.95, not 95\nmethod is 'twfe' or 'two_by_two', not 'did'"
    with pytest.raises(AnalysisError, match=text):
        cm.difference_in_differences(made_up_panel(), **COLUMNS, treatment_start="first", method="did", level=95)
    with pytest.raises(AnalysisError, match="aggregate is 'simple', 'dynamic'"):
        cm.staggered_adoption(made_up_panel(), **COLUMNS, treatment_start="first", aggregate="all")
    with pytest.raises(AnalysisError, match="variance is 'placebo'"):
        cm.synthetic_did(made_up_panel(), **COLUMNS, treatment_start="first", variance="none")
    with pytest.raises(AnalysisError, match="draws is a whole number of at least 99, such as 9999, not 5"):
        cm.randomisation_inference(made_up_panel(), **COLUMNS, treatment_start="first", draws=5)


def test_zero_that_is_also_a_period_is_refused():
    data = made_up_panel()
    data = data.assign(year=data["year"] - 2010, first=(data["first"] - 2010).clip(lower=0))
    with pytest.raises(AnalysisError, match="0 is both a period and the sign for never"):
        cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    emptied = data.assign(first=data["first"].where(data["first"] > 0))
    assert cm.difference_in_differences(emptied, **COLUMNS, treatment_start="first").settings["first_treated_period"] == "4"


def test_a_covariate_fixed_within_units_is_refused():
    data = made_up_panel().assign(size=lambda d: d["county"].str[1:].astype(int))
    with pytest.raises(AnalysisError, match="covariate is fixed within units"):
        cm.difference_in_differences(data, **COLUMNS, treatment_start="first", covariates=["size"])


def test_the_design_of_a_case_is_asked_first():
    data = made_up_panel()
    data.attrs["design"] = "series"
    with pytest.raises(DesignError, match="no place without the reform"):
        cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    data.attrs.update(design="panel", simulated=True, unit="working days")
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    assert result.simulated
    assert result.headline.unit == "working days"
    assert "Simulated data" in result.summary()
    assert result.plots[0]["data"]["simulated"] is True


@pytest.mark.parametrize(
    ("values", "kind", "step"),
    [
        ([2014, 2016, 2018], "whole", 2),
        (["2014-02", "2014-03"], "month", 1),
        (["2014Q1", "2014Q2", "2015Q1"], "quarter", 3),
        (pd.to_datetime(["2014-01-01", "2014-07-01"]), "month", 6),
        (pd.to_datetime(["2014-01-05", "2014-01-12"]), "day", 7),
        (pd.period_range("2014-01", periods=3, freq="M"), "month", 1),
    ],
)
def test_periods_are_read_however_they_are_written(values, kind, step):
    assert kind_of(values) == kind
    whole = [ordinal(value, kind) for value in values]
    grid = Grid(kind, min(whole), step)
    assert grid.position(values[-1]) == (max(whole) - min(whole)) / step


@pytest.mark.parametrize("value", ["2014-02-31", "2014-13", "Q12014", "", "2014.5"])
def test_what_is_no_period_is_not_read(value):
    assert kind_of([value]) is None


def test_labels_are_written_as_read():
    assert Grid("month", 2014 * 12 + 1, 1).label(11) == "2015-01"
    assert Grid("quarter", 2014 * 12, 3).label(5) == "2015Q2"
    assert Grid("day", ordinal("2014-02-01", "day"), 7).label(1) == "2014-02-08"


def test_a_start_between_periods_is_the_next_period():
    data = made_up_panel(years=range(2010, 2024, 3), start=2014)
    result = cm.difference_in_differences(data, **COLUMNS, treatment_start="first")
    assert result.settings["first_treated_period"] == "2016"


def test_months_written_as_text():
    data = made_up_panel()
    month = {year: f"2014-{year - 2009:02d}" for year in range(2010, 2018)}
    named = data.assign(year=data["year"].map(month), first=data["first"].map(month).fillna(""))
    result = cm.difference_in_differences(named, **COLUMNS, treatment_start="first")
    assert result.estimate == cm.difference_in_differences(data, **COLUMNS, treatment_start="first").estimate
    assert result.settings["first_treated_period"] == "2014-05"
    assert result.data["period"].iloc[0] == "2014-01"
