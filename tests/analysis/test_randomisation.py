"""Randomisation inference, against enumeration by hand and known truth."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.panel import read_panel
from county_metrics.analysis.randomisation import assignments
from tests.analysis.test_panel import COLUMNS, made_up_panel

STAGGERED = COLUMNS | {"treatment_start": "first"}


def changes(data):
    wide = data.pivot(index="county", columns="year", values="y")
    return wide.loc[:, 2014:].mean(axis=1) - wide.loc[:, :2013].mean(axis=1)


def test_every_assignment_by_hand():
    data = made_up_panel(treated=2, controls=7)
    change = changes(data).to_numpy()
    found = []
    for pair in combinations(range(9), 2):
        mark = np.isin(np.arange(9), pair)
        found.append(change[mark].mean() - change[~mark].mean())
    result = cm.randomisation_inference(data, **STAGGERED)
    assert result.estimate == pytest.approx(found[0])
    assert result.p_value == pytest.approx(np.mean(np.abs(found) >= abs(found[0]) - 1e-12))
    assert result.settings["exact"] is True
    np.testing.assert_allclose(sorted(result.data["placebo"]), sorted(found))
    assert result.std_error is None


def test_draws_are_seeded_and_count_the_real_one():
    data = made_up_panel(treated=8, controls=22)
    first, again, other = (cm.randomisation_inference(data, **STAGGERED, draws=199, seed=seed) for seed in (1, 1, 2))
    assert first.settings["exact"] is False
    assert first.p_value == again.p_value
    assert first.p_value == pytest.approx((1 + (first.data["placebo"].abs() >= abs(first.estimate)).sum()) / 200)
    assert not first.data["placebo"].equals(other.data["placebo"])


@pytest.mark.parametrize("early", [False, True])
def test_interval_holds_what_the_test_does_not_reject(early):
    """Shift the treated by the end of the interval: just inside it is not rejected, just outside it is."""
    data = made_up_panel(treated=3, controls=9)
    if early:
        data.loc[data["county"] == "c00", "first"] = 2012
    result = cm.randomisation_inference(data, **STAGGERED, draws=499)
    on = (data["first"] > 0) & (data["year"] >= data["first"])
    for end, inward in ((result.conf_low, 1), (result.conf_high, -1)):
        for step, inside in ((1e-6, True), (-1e-6, False)):
            shifted = data.assign(y=data["y"] - (end + inward * step) * on)
            assert (cm.randomisation_inference(shifted, **STAGGERED, draws=499).p_value > 0.05) is inside


def test_one_treated_of_few_can_reject_nothing():
    result = cm.randomisation_inference(made_up_panel(treated=1, controls=12), **STAGGERED)
    assert result.p_value >= 1 / 13
    assert result.conf_low is None
    assert "13 assignments are too few to reject any effect" in result.summary()


def test_under_no_effect_small_p_values_are_as_rare_as_they_say():
    found = [
        cm.randomisation_inference(
            made_up_panel(treated=1, controls=19, effect=0, years=range(2012, 2016), seed=s), **STAGGERED
        ).p_value
        for s in range(200)
    ]
    assert np.mean(np.array(found) <= 0.1) == pytest.approx(0.1, abs=0.06)


def test_whole_clusters_are_reassigned():
    data = made_up_panel(treated=4, controls=12)
    data["prefecture"] = data["county"].str[1:].astype(int) // 2
    result = cm.randomisation_inference(data, **STAGGERED, cluster="prefecture")
    assert result.settings["assignments"] == 28
    change = changes(data).groupby(np.arange(16) // 2).mean()
    gaps = [change.iloc[list(p)].mean() - change.drop(list(p)).mean() for p in combinations(range(8), 2)]
    np.testing.assert_allclose(sorted(result.data["placebo"]), sorted(gaps))


def test_starts_that_differ_are_each_measured_from_their_own():
    data = made_up_panel(treated=4, controls=8)
    data.loc[data["county"] == "c00", "first"] = 2012
    wide = data.pivot(index="county", columns="year", values="y")
    never = wide.index >= "c04"
    early = wide.loc[:, 2012:].mean(axis=1) - wide.loc[:, :2011].mean(axis=1)
    late = changes(data)
    by_hand = (early["c00"] - early[never].mean() + (late[["c01", "c02", "c03"]] - late[never].mean()).sum()) / 4
    result = cm.randomisation_inference(data, **STAGGERED, draws=99)
    assert result.estimate == pytest.approx(by_hand)


def test_weights_fixed_within_units():
    data = made_up_panel(treated=3, controls=9)
    data["w"] = data["county"].str[1:].astype(int) + 1
    fixed = cm.difference_in_differences(data, **STAGGERED, weights="w")
    result = cm.randomisation_inference(data, **STAGGERED, weights="w")
    assert result.estimate == pytest.approx(fixed.estimate)
    assert fixed.p_value == result.p_value


def test_leave_one_out_by_hand():
    data = made_up_panel(treated=2, controls=5)
    found = assignments(read_panel(data, **STAGGERED), 99, 1)
    by_hand = []
    for county in sorted(data["county"].unique()):
        rest = data[data["county"] != county]
        change, group = changes(rest), rest.groupby("county")["first"].first() > 0
        by_hand.append(change[group].mean() - change[~group].mean())
    np.testing.assert_allclose(found.lone, by_hand)


def test_a_panel_without_never_treated_units_is_told_so():
    data = made_up_panel(treated=3).query("county < 'c03'")
    with pytest.raises(AnalysisError, match="never-treated units, and there are none; use staggered_adoption"):
        cm.randomisation_inference(data.assign(first=data["first"] + (data["county"] == "c01")), **STAGGERED)


def test_an_unbalanced_panel_is_refused():
    data = made_up_panel(treated=3).drop(index=7)
    with pytest.raises(AnalysisError, match=r"needs a balanced panel, .*balanced=True"):
        cm.randomisation_inference(data, **STAGGERED)
    kept = cm.randomisation_inference(data, **STAGGERED, balanced=True)
    assert kept.counts["units"] == 20


def test_result_does_not_depend_on_the_order_of_rows():
    data = made_up_panel(treated=3, controls=9)
    shuffled = data.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(
        cm.randomisation_inference(data, **STAGGERED).tidy(), cm.randomisation_inference(shuffled, **STAGGERED).tidy()
    )
