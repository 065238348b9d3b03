"""Results in sentences, in both languages; the truth only beside data that were made with it."""

import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate, p_number
from county_metrics.present.payload import to_plain
from county_metrics.present.wording import both, plain


def result(**fields):
    known = {"term": "level_change", "label": both("Level change", "水平变化"), "estimate": -134.9, "unit": "working_day"}
    estimate = Estimate(**(known | fields))
    return EffectResult("interrupted_time_series", "series", both("Change", "变化"), (estimate,), {"observations": 72})


def words(shown, language):
    return to_plain(shown.payload(), language)


def test_chinese_has_no_space_between_number_and_unit_or_sentences():
    text = words(cm.readout(result(conf_low=-147.0, conf_high=-122.8, std_error=5.8)), "zh")
    assert "−134.900个工作日。" in text
    assert "。“没有变化”在区间之外" in text


def test_interval_that_holds_nothing_is_said_to_hold_it():
    shown = cm.readout(result(estimate=0.5, conf_low=-1.0, conf_high=2.0, std_error=0.7))
    assert "“No change” lies inside it" in words(shown, "en")


def test_statistic_has_no_unit_behind_it():
    assert "75.930." in words(cm.readout(result(estimate=75.93, unit="F")), "en")


@pytest.mark.parametrize("name", ["approval_panel", "approval_synthetic_control", "approval_series"])
def test_another_simulated_folder_is_not_shown_the_truth_of_ours(name):
    case = cm.load_case(f"data/simulated/{name}")
    table = case.series() if name == "approval_series" else case.panel()
    assert cm.known_truth(table)
    table.attrs["case"] = "somebody_elses"
    assert cm.known_truth(table) == {}


@pytest.mark.parametrize(("value", "shown"), [(0.0001, "below 0.001"), (0.001, "0.001"), (0.1854, "0.185")])
def test_small_p_value_is_never_shown_as_nothing(value, shown):
    assert plain(p_number(value, "result:p"), "en") == shown


def test_dates_that_begin_with_the_day_are_refused():
    table = pd.DataFrame({"days": [1.0, 2.0, 3.0, 4.0], "received": ["02.01.2014", "03.01.2014", "05.03.2014", "06.03.2014"]})
    with pytest.raises(AnalysisError, match=r"write dates as 2014-02-01; row 0 holds '02\.01\.2014'"):
        cm.compare_records(table, duration="days", received="received", intervention_time="2014-02-01")


def test_durations_without_spread_have_no_interval():
    table = pd.DataFrame({"days": [5.0] * 12 + [3.0] * 12, "when": ["before"] * 12 + ["after"] * 12})
    found = cm.compare_records(table, duration="days", group="when", order=("before", "after"), draws=200).headline
    assert (found.estimate, found.conf_low, found.p_value) == (-2.0, None, None)
    assert found.withheld is not None


def test_ratio_that_is_left_out_is_said_to_be():
    events = [0, 9, 1, 30, 2, 40] + [0] * 6
    table = pd.DataFrame({"events": events, "time": 1.0, "when": ["before"] * 6 + ["after"] * 6})
    found = cm.compare_counts(table, counts="events", exposures="time", group="when", order=("before", "after"))
    assert "rate_ratio" not in {estimate.term for estimate in found.estimates}
    assert "The ratio is left out" in found.summary()
