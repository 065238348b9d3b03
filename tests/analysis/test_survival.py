"""Durations with open cases: published results, hand computation, coverage, and refusals."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import county_metrics as cm
from county_metrics.analysis import survival
from county_metrics.analysis.effect import AnalysisError

# Weeks of remission of children with acute leukemia: Freireich et al. (1963), Blood 21:699–716, as in Gehan (1965),
# Biometrika 52:203–223; medians, log-rank and Cox coefficient as in Kalbfleisch and Prentice, and in Kleinbaum and Klein.
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
COLUMNS = {"duration": "weeks", "event": "ended", "group": "arm"}


def remission(**more):
    found = {"weeks": PLACEBO + DRUG, "ended": [1] * 21 + RELAPSED, "arm": ["placebo"] * 21 + ["6-MP"] * 21}
    return pd.DataFrame(found | more)


def compared(data=None, **more):
    return cm.compare_survival(remission() if data is None else data, **COLUMNS | {"order": ("placebo", "6-MP")} | more)


def test_freireich_remission_times():
    found = compared()
    assert (found["median_before"].estimate, found["median_after"].estimate) == (8, 23)
    assert round(found["log_rank"].statistic, 2) == 16.79
    assert found["log_rank"].p_value < 0.0001
    assert round(-np.log(found["hazard_ratio"].estimate), 3) == 1.572  # Efron's ties, as R's coxph gives
    assert (found["median_before"].conf_low, found["median_before"].conf_high) == (4, 11)
    assert (found["median_after"].conf_low, found["median_after"].conf_high) == (13, None)
    assert "one end of the interval of the median is open" in found.summary()


def test_the_curve_is_that_printed_for_the_drug():
    data = compared().data
    drug = data[data["after"]].set_index("times")
    shown = {6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068), 16: (0.627, 0.1141),
             22: (0.538, 0.1282), 23: (0.448, 0.1346)}  # fmt: skip
    for week, (share, error) in shown.items():
        assert round(drug.loc[week, "share"], 3) == share
        assert round(drug.loc[week, "error"], 4) == error


def test_the_restricted_mean_is_the_area_and_its_error_greenwoods_by_hand():
    data = pd.DataFrame({"weeks": [1, 2, 3, 4, 2, 4, 4, 5], "ended": [1, 0, 1, 1, 1, 1, 0, 1], "arm": list("aaaabbbb")})
    found = cm.compare_survival(data, **COLUMNS, horizon=4)
    # a: 1 until 1, 3/4 until 3, 3/8 until 4; b: 1 until 2, 3/4 until 4
    assert found["rmst_before"].estimate == pytest.approx(1 + 0.75 * 2 + 0.375)
    assert found["rmst_after"].estimate == pytest.approx(2 + 0.75 * 2)
    first = (0.75 * 2 + 0.375) ** 2 / (4 * 3) + 0.375**2 / (2 * 1)
    second = 1.5**2 / (4 * 3)
    assert found["rmst_before"].std_error == pytest.approx(np.sqrt(first))
    assert found.std_error == pytest.approx(np.sqrt(first + second))
    wide = stats.norm.ppf(0.975) * np.sqrt(first + second)
    assert found.conf_int() == pytest.approx((found.estimate - wide, found.estimate + wide))


def test_without_open_cases_the_restricted_mean_is_the_mean_and_the_median_the_median():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"weeks": rng.gamma(3, 4, 202), "ended": True, "arm": np.repeat(["before", "after"], 101)})
    found = cm.compare_survival(data, **COLUMNS, horizon=None)
    cut = data["weeks"].clip(upper=found.to_dict()["horizon"]).groupby(data["arm"])
    assert found["rmst_after"].estimate == pytest.approx(cut.mean()["after"])
    assert found["rmst_before"].std_error == pytest.approx(cut.std(ddof=0)["before"] / np.sqrt(101))
    assert found["median_before"].estimate == data.groupby("arm")["weeks"].median()["before"]
    clustered = cm.compare_survival(data.assign(row=np.arange(202)), **COLUMNS, cluster="row")
    assert clustered["rmst_before"].std_error == pytest.approx(cut.std(ddof=1)["before"] / np.sqrt(101))


def test_influences_agree_with_greenwood_and_whole_weights_with_repeated_rows():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {"weeks": rng.gamma(3, 4, 2000).round(1), "ended": rng.random(2000) < 0.7, "arm": np.repeat(["before", "after"], 1000)}
    )
    plain = cm.compare_survival(data, **COLUMNS, horizon=20)
    clustered = cm.compare_survival(data.assign(row=np.arange(2000)), **COLUMNS, horizon=20, cluster="row")
    assert clustered.std_error == pytest.approx(plain.std_error, rel=0.01)
    times = np.arange(2000) % 3
    weighted = cm.compare_survival(data.assign(w=times), **COLUMNS, horizon=20, weights="w")
    repeated = cm.compare_survival(data.loc[data.index.repeat(times)], **COLUMNS, horizon=20)
    assert weighted.estimate == pytest.approx(repeated.estimate)
    assert weighted["median_after"].estimate == repeated["median_after"].estimate
    assert "log-rank test is left out" in weighted.summary()


def test_clusters_widen_the_interval_and_few_give_none():
    office = np.repeat(np.arange(24), 20)
    days = np.random.default_rng(2).gamma(3, 4, 480) + 3.0 * (office % 6)
    data = pd.DataFrame({"weeks": days, "ended": 1, "arm": np.where(office < 12, "before", "after"), "office": office})
    plain, clustered = (cm.compare_survival(data, **COLUMNS, cluster=cluster) for cluster in (None, "office"))
    assert clustered.std_error > 1.5 * plain.std_error
    few = cm.compare_survival(data.assign(office=office % 8), **COLUMNS, cluster="office")
    assert few.conf_low is None
    assert few["hazard_ratio"].conf_low is None
    assert "there are 8 clusters" in few.summary()


def test_one_sided_p_is_that_of_the_restricted_means_alone():
    both, greater = compared(), compared(alternative="greater")
    assert greater.p_value == pytest.approx(both.p_value / 2)
    assert greater["log_rank"].p_value == both["log_rank"].p_value
    assert "stay two-sided" in greater.summary()
    assert greater.conf_int() == both.conf_int()


def test_the_interval_of_the_restricted_mean_covers_the_truth(monkeypatch):
    monkeypatch.setattr(survival, "MOST_COX", 0)
    rng, hits, draws = np.random.default_rng(3), 0, 400
    truth = 6 * (1 - np.exp(-10 / 6)) - 10 * (1 - np.exp(-1))
    for _ in range(draws):
        times = np.concatenate([rng.exponential(10, 80), rng.exponential(6, 80)])
        seen = rng.uniform(10, 40, 160)
        data = pd.DataFrame({"weeks": np.minimum(times, seen), "ended": times <= seen, "arm": np.repeat(["before", "after"], 80)})
        found = cm.compare_survival(data, **COLUMNS, horizon=10)
        hits += found.conf_low <= truth <= found.conf_high
    assert 0.92 <= hits / draws <= 0.98


@pytest.mark.parametrize("declared", [True, False])
def test_an_extract_of_closed_cases_is_refused_with_what_to_do(declared):
    data = remission()
    if declared:
        data.attrs["selected_on"] = "closed"
    more = {} if declared else {"selected_on": "closed"}
    with pytest.raises(AnalysisError, match=r"need every case received.*Ask for all cases received in the period"):
        compared(data, **more)
    cm.set_language("zh")
    with pytest.raises(AnalysisError, match="生存曲线需要全部已受理的案件"):
        compared(data, **more)


@pytest.mark.parametrize(
    ("change", "more", "text"),
    [
        ({}, {"horizon": 30}, "horizon lies above 0 and at most at 23, the shorter of the longest times"),
        ({}, {"horizon": 0}, "horizon lies above 0"),
        ({}, {"selected_on": "open"}, "selected_on is 'opened', 'closed' or 'all', not 'open'"),
        ({"ended": ["yes"] * 42}, {}, "neither True .* nor False .*row 0: yes"),
        ({"weeks": [-1] * 42}, {}, "below zero, so it is no duration"),
        ({}, {"event": "end"}, "there is no column 'end'; did you mean 'ended'"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, more, text):
    with pytest.raises(AnalysisError, match=text):
        compared(remission(**change), **more)


def test_no_open_case_and_no_end_at_all_are_said():
    text = compared(remission(ended=[1] * 42)).summary()
    assert 'say selected_on="closed"' in text
    found = compared(remission(ended=[1] * 21 + [0] * 21))
    assert "Cox model is left out" in found.summary()
    assert [e.term for e in found.estimates if e.term.startswith("median")] == ["median_before"]


def test_the_result_is_plain_and_the_frame_kept():
    data = remission()
    kept = data.copy()
    found = compared(data, level=0.9)
    pd.testing.assert_frame_equal(data, kept)
    json.dumps([found.payload(), found.to_dict(), found.plots], allow_nan=False)
    assert found.to_dict()["open"] == 12
    assert "A change, not an effect" in found.summary()
    assert "90 % interval" in found.summary()
