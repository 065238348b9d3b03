"""Synthetic control and synthetic difference-in-differences, against other implementations and known truth."""

import warnings

import causaldata
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

import county_metrics as cm
from county_metrics.analysis.design import DesignError
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.synthetic import fit_synthetic, simplex_weights
from county_metrics.present.wording import plain
from tests.analysis.test_panel import COLUMNS, made_up_panel

PRISONS = {"outcome": "bmprison", "unit": "state", "period": "year", "treated": "Texas", "intervention_time": 1993}
ONE = COLUMNS | {"treated": "t", "intervention_time": 2016}


@pytest.fixture
def prisons():
    """Black male prisoners by state, 1985–2000 (Cunningham and Kang)."""
    return causaldata.texas.load_pandas().data


def factor_panel(donors=24, years=range(2004, 2020), effect=-20.0, seed=3, noise=0.5):
    """Units that load on two common factors; the treated one is a mean of three donors, plus noise and an effect."""
    rng, count = np.random.default_rng(seed), len(years)
    factors = np.cumsum(rng.normal(size=(count, 2)), axis=0)
    paths = 100 + factors @ rng.normal(3, 2, size=(2, donors))
    target = paths[:, :3] @ [0.5, 0.3, 0.2] + effect * (np.array(years) >= 2016)
    table = np.column_stack([target, paths]) + rng.normal(0, noise, (count, donors + 1))
    names = ["t", *[f"d{place:02d}" for place in range(donors)]]
    return (
        pd.DataFrame(table, index=list(years), columns=names)
        .rename_axis("year")
        .reset_index()
        .melt("year", var_name="county", value_name="y")
    )


def gradient_gap(target, donors, weights):
    """How far the conditions of Karush, Kuhn and Tucker are from holding, as a share of the size of the gradient."""
    gradient = donors.T @ (donors @ weights - target)
    used, level = weights > 1e-9, gradient @ weights
    scale = np.square(donors - target[:, None]).sum(axis=0).max()
    return max(np.abs(gradient[used] - level).max(), (level - gradient).max()) / scale


@pytest.mark.parametrize("seed", range(8))
def test_weights_are_the_best_there_are(seed):
    rng = np.random.default_rng(seed)
    donors, target = rng.normal(50, 10, (15, 12)), rng.normal(50, 5, 15)
    weights = simplex_weights(target, donors)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert gradient_gap(target, donors, weights) < 1e-7
    other = minimize(
        lambda w: np.square(donors @ w - target).sum(), np.full(12, 1 / 12), bounds=[(0, 1)] * 12, method="SLSQP",
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    nearest = np.clip(other.x, 0, None) / np.clip(other.x, 0, None).sum()
    assert np.square(donors @ weights - target).sum() <= np.square(donors @ nearest - target).sum() * (1 + 1e-6)


@pytest.mark.parametrize("periods", [15, 4])
def test_weights_do_not_depend_on_the_order_of_units(periods):
    rng = np.random.default_rng(5)
    donors, target = rng.normal(50, 10, (periods, 12)), np.full(periods, 50.0)
    order = rng.permutation(12)
    np.testing.assert_allclose(simplex_weights(target, donors[:, order]), simplex_weights(target, donors)[order], atol=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_weights_do_not_depend_on_the_unit_of_measurement(scale):
    rng = np.random.default_rng(6)
    donors, target = rng.normal(50, 10, (9, 6)), rng.normal(50, 5, 9)
    np.testing.assert_allclose(simplex_weights(target * scale, donors * scale), simplex_weights(target, donors), atol=1e-7)


def test_a_target_outside_its_donors_gets_the_nearest():
    donors = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(simplex_weights(np.array([9.0, 9.0]), donors), [0, 0, 1], atol=1e-12)


def test_agrees_with_the_library_on_outcomes_alone(prisons):
    """Cross-check with diff-diff's synthetic control, every year before the start as a predictor of the same weight."""
    from diff_diff import SyntheticControl

    data = prisons.assign(on=((prisons["state"] == "Texas") & (prisons["year"] >= 1993)).astype(int))
    library = SyntheticControl(v_method="custom", custom_v=np.ones(8), standardize="none")
    with warnings.catch_warnings(action="ignore"):
        fit = library.fit(data, "bmprison", "on", "state", "year", pre_period_outcomes="all")
    result = cm.synthetic_control(prisons, **PRISONS)
    assert result.estimate == pytest.approx(fit.att, rel=1e-5)
    assert result.settings["pre_rmspe"] == pytest.approx(fit.pre_rmspe, rel=1e-6)
    weights = {name: weight for name, weight in fit.donor_weights.items() if weight > 1e-4}
    assert result.settings["weights"] == pytest.approx(weights, abs=1e-4)


def test_p_value_is_the_rank_among_placebos(prisons):
    wide = prisons.pivot(index="year", columns="state", values="bmprison")
    before = wide.index.to_numpy() < 1993
    donors = wide.drop(columns="Texas")
    ratios = [
        fit_synthetic(donors[name].to_numpy(), donors.drop(columns=name).to_numpy(), before).ratio for name in donors.columns
    ]
    own = fit_synthetic(wide["Texas"].to_numpy(), donors.to_numpy(), before).ratio
    result = cm.synthetic_control(prisons, **PRISONS)
    assert result.p_value == pytest.approx((1 + sum(ratio >= own for ratio in ratios)) / 51)
    assert result.std_error is None
    assert result.settings["rank"] == 1 + sum(ratio >= own for ratio in ratios)


def test_known_truth():
    gaps = [cm.synthetic_control(factor_panel(seed=seed), **ONE).estimate for seed in range(20)]
    assert np.mean(gaps) == pytest.approx(-20, abs=0.4)
    result = cm.synthetic_control(factor_panel(), **ONE)
    assert result.p_value == pytest.approx(1 / 25)
    assert sum(result.settings["weights"].values()) == pytest.approx(1, abs=1e-5)
    assert [row.term for row in result.estimates[1:]] == ["gap_2016", "gap_2017", "gap_2018", "gap_2019"]
    assert result.estimate == pytest.approx(np.mean([row.estimate for row in result.estimates[1:]]))


@pytest.mark.parametrize(("donors", "given"), [(18, False), (19, True)])
def test_no_p_value_below_nineteen_donors(donors, given):
    result = cm.synthetic_control(factor_panel(donors=donors, years=range(1990, 2020)), **ONE)
    assert (result.p_value is not None) is given
    assert ("18 donors allow none below 0.053; at least 19" in result.summary()) is not given


def test_a_perfect_fit_ranks_nothing():
    result = cm.synthetic_control(factor_panel(donors=30, years=range(2012, 2020), noise=0), **ONE)
    assert result.p_value is None
    assert "the fit before the start is perfect" in result.summary()


def test_checks_say_fit_weights_and_what_one_donor_carries():
    data = factor_panel()
    result = cm.synthetic_control(data, **ONE)
    text = {check.name: plain(check.text, "en") for check in result.checks}
    assert set(text) == {"fit", "weights", "ranks", "backdated", "leave_one_out"}
    assert text["ranks"].startswith("Rank 1 of 25")
    assert "Had it started in 2010" in text["backdated"]
    heavy = next(iter(dict(sorted(result.settings["weights"].items(), key=lambda pair: -pair[1]))))
    others = [f"d{place:02d}" for place in range(24) if f"d{place:02d}" != heavy]
    without = cm.synthetic_control(data, **ONE, donors=others).estimate
    slots = next(check for check in result.checks if check.name == "leave_one_out").text["slots"]
    assert float(slots["low"]["number"]) <= without <= float(slots["high"]["number"])
    short = cm.synthetic_control(factor_panel(years=range(2013, 2020)), **ONE)
    assert "Too few periods before the start" in "".join(plain(check.text, "en") for check in short.checks)


def test_donors_may_be_named(prisons):
    names = ["Florida", "New York", "Illinois", "Ohio"]
    result = cm.synthetic_control(prisons, **PRISONS, donors=names)
    assert result.counts["controls"] == 4
    assert set(result.settings["weights"]) <= set(names)


FAULTS = {
    "unknown": ({"treated": "Texass"}, r"treated: there is no unit 'Texass' in column 'state'; did you mean 'Texas'\?"),
    "unknown_donor": ({"donors": ["Ohio", "Ohoi"]}, "there is no unit 'Ohoi'"),
    "too_early": ({"intervention_time": 1986}, "two periods before the start and two donors are needed; there are 1 and 50"),
    "too_late": ({"intervention_time": 2040}, "nothing to estimate"),
    "one_donor": ({"donors": ["Ohio"]}, "there are 8 and 1"),
    "no_column": ({"unit": "stat"}, "there is no column 'stat'; did you mean 'state'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_used_is_refused(prisons, name):
    arguments, text = FAULTS[name]
    with pytest.raises(AnalysisError, match=text):
        cm.synthetic_control(prisons, **(PRISONS | arguments))


def test_a_unit_that_misses_a_period_is_named(prisons):
    gap = prisons.drop(prisons[(prisons["state"] == "Ohio") & (prisons["year"] == 1990)].index)
    with pytest.raises(AnalysisError, match="needs all 16 periods; these miss some: Ohio; or pass balanced=True"):
        cm.synthetic_control(gap, **PRISONS)
    assert cm.synthetic_control(gap, **PRISONS, balanced=True).counts["controls"] == 49


def test_the_design_of_a_case_is_asked_first():
    data = factor_panel()
    data.attrs["design"] = "series"
    with pytest.raises(DesignError, match="A change is not an effect"):
        cm.synthetic_control(data, **ONE)
    data.attrs.update(design="controlled_series", simulated=True)
    assert "Simulated data" in cm.synthetic_control(data, **ONE).summary()


def sdid_columns(data):
    return data.assign(group=(data["county"] == "t").astype(int)), COLUMNS | {"treated": "group", "intervention_time": 2016}


def test_synthetic_did_is_the_weighted_double_difference():
    """From its own weights, by hand."""
    data, columns = sdid_columns(factor_panel())
    result = cm.synthetic_did(data, **columns, draws=50)
    wide = data.pivot(index="year", columns="county", values="y")
    units = pd.Series(result.settings["weights"])
    times = pd.Series(result.settings["period_weights"]).rename(index=int)
    gap = wide["t"] - wide[units.index] @ units
    by_hand = gap.loc[2016:].mean() - gap.loc[times.index] @ times
    assert result.estimate == pytest.approx(by_hand, abs=1e-3)
    assert units.sum() == pytest.approx(1, abs=1e-5)
    assert times.sum() == pytest.approx(1, abs=1e-5)
    assert result.estimate == pytest.approx(-20, abs=1.5)


def test_synthetic_did_with_few_treated_has_no_interval():
    data, columns = sdid_columns(factor_panel())
    result = cm.synthetic_did(data, **columns, draws=50)
    assert result.std_error > 0
    assert (result.conf_low, result.p_value) == (None, None)
    assert "1 treated and 24 other units; at least 10 of each are needed" in result.summary()
    assert cm.synthetic_did(data, **columns, draws=50).std_error == result.std_error
    with pytest.raises(AnalysisError, match="jackknife cannot leave out the only treated unit"):
        cm.synthetic_did(data, **columns, variance="jackknife")


def test_synthetic_did_with_many_treated():
    data = made_up_panel(treated=12, controls=30)
    result = cm.synthetic_did(data, **COLUMNS, treatment_start="first", draws=100)
    assert result.conf_low < -3 < result.conf_high
    jackknife = cm.synthetic_did(data, **COLUMNS, treatment_start="first", variance="jackknife")
    assert jackknife.estimate == result.estimate
    assert jackknife.std_error == pytest.approx(result.std_error, rel=0.6)
    # t of 12 treated units less one
    assert jackknife.conf_high - jackknife.estimate == pytest.approx(2.200985 * jackknife.std_error, rel=1e-6)
    assert jackknife.p_value == pytest.approx(2 * stats.t.sf(abs(jackknife.estimate / jackknife.std_error), 11))
    data.loc[data["county"] < "c04", "first"] = 2012
    with pytest.raises(AnalysisError, match="takes one start; use staggered_adoption"):
        cm.synthetic_did(data, **COLUMNS, treatment_start="first")
