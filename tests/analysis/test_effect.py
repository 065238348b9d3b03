"""The contract of results: fields, table, what is withheld, and text in both languages."""

import dataclasses
import json
import math

import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import (
    AnalysisError,
    EffectResult,
    Estimate,
    effect_number,
    estimates_table,
    fitting_places,
    own_label,
    plain_value,
)
from county_metrics.errors import CountyMetricsError
from county_metrics.present.payload import MIME
from county_metrics.present.series_plot import series_block
from county_metrics.present.wording import both, plain

REASON = both("Withheld: too few.", "不予给出：太少。")
GIVEN = Estimate("level_change", own_label("Level"), -10.25, 1.5, -13.25, -7.25, -6.83, 0.00004, "days", places=1)
KEPT = Estimate("slope_change", own_label("Slope"), 0.5, withheld=REASON)


def result(*estimates, **settings):
    given = {"method": "made", "design": "series", "estimand": both("What it is", "是什么"), "counts": {"observations": 24}}
    return EffectResult(estimates=estimates or (GIVEN, KEPT), **(given | settings))


def test_the_first_estimate_is_the_headline():
    found = result()
    assert (found.estimate, found.std_error, found.p_value) == (-10.25, 1.5, 0.00004)
    assert found.conf_int() == (found.conf_low, found.conf_high) == (-13.25, -7.25)
    assert found.n_obs == 24
    assert found["slope_change"] is KEPT
    with pytest.raises(KeyError, match=r"no term 'slope'; there are level_change, slope_change"):
        found["slope"]


def test_tidy_has_the_columns_of_broom_and_leaves_missing_what_is_withheld():
    table = result().tidy()
    assert list(table.columns) == ["term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "unit"]
    assert table.loc[0, "conf_high"] == -7.25
    assert table.loc[1, ["std_error", "statistic", "p_value", "conf_low", "conf_high"]].isna().all()
    assert table["estimate"].dtype == float


def test_the_table_shows_numbers_reasons_counts_and_assumptions_once():
    twice = dataclasses.replace(KEPT, term="other")
    text = result(GIVEN, KEPT, twice, assumptions=(both("It holds.", "成立。"),), notes=(both("A note.", "注。"),)).summary()
    assert "−10.2" in text or "−10.3" in text
    assert "[−13.2, −7.2]" in text or "[−13.3, −7.3]" in text
    assert "below 0.001" in text
    assert text.count("Withheld: too few.") == 1
    assert "Observations: 24" in text
    assert text.index("A note.") < text.index("It holds.")
    cm.set_language("zh")
    shown = result().summary()
    assert "不予给出：太少。" in shown
    assert "95%区间" in shown


def test_an_interval_may_be_open_on_one_side():
    one_sided = dataclasses.replace(GIVEN, conf_high=None)
    assert "open]" in result(one_sided).summary()
    assert "none" in result(dataclasses.replace(GIVEN, conf_low=None, conf_high=None)).summary()


def test_every_number_of_the_table_has_a_reference():
    block = estimates_table(result())
    numbers = [cell for row in block["rows"] for cell in row if isinstance(cell, dict) and "number" in cell]
    assert [cell["ref"] for cell in numbers] == [
        "result:level_change_estimate",
        "result:level_change_std_error",
        "result:slope_change_estimate",
    ]


@pytest.mark.parametrize(
    ("p", "text"), [(0.0009, "below 0.001"), (0.001, "0.001"), (0.04567, "0.046"), (math.nan, "none"), (None, "none")]
)
def test_a_p_value_is_shown_to_three_places_or_as_below(p, text):
    assert plain(effect_number(dataclasses.replace(GIVEN, p_value=p), "p_value"), "en") == text


def test_what_is_withheld_says_so():
    assert plain(effect_number(KEPT, "std_error"), "en") == "withheld"
    assert plain(effect_number(KEPT, "std_error"), "zh") == "不予给出"


def test_simulated_data_is_stamped():
    assert "Simulated data: made up by a program" in result(simulated=True).summary()
    assert "Simulated" not in result().summary()


def test_a_result_is_frozen_comparable_by_identity_and_serialisable():
    found = result(data=pd.DataFrame({"a": [1]}), settings={"lags": 3})
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.level = 0.9
    assert found == found
    assert found != result(data=pd.DataFrame({"a": [1]}))
    assert json.loads(json.dumps(found.to_dict()))["lags"] == 3
    assert found.to_dict()["n_observations"] == 24
    assert "0x" not in repr(found)
    json.dumps(found.payload())


def test_checks_stand_below_and_a_notebook_gets_the_payload():
    check = CheckResult("made", False, both("A check", "检查"), both("It fails.", "未通过。"))
    found = result(checks=(check,))
    assert "It fails." in found.summary()
    bundle = found._repr_mimebundle_()
    assert bundle[MIME]["block"] == "stack"
    assert "<table>" in bundle["text/html"]


def test_plots_are_numbered_from_nought():
    block = series_block("made", "days", ["a", "b"], {"observed": [1.0, 2.0]}, 1)
    found = result(plots=(block,))
    assert found.plot_block().payload() is block
    assert len(found.plot().axes) == 1
    with pytest.raises(AnalysisError, match="there is no plot 1; this result has 1"):
        found.plot(1)
    for wrong in ("0", 0.5, True, -1, None):
        with pytest.raises(AnalysisError, match="there is no plot"):
            found.plot_block(wrong)
    with pytest.raises(AnalysisError, match="there is no plot 0; this result has 0"):
        result().plot()


def test_the_error_is_one_of_ours_and_a_value_error():
    assert issubclass(AnalysisError, CountyMetricsError)
    assert issubclass(AnalysisError, ValueError)


@pytest.mark.parametrize(("value", "text"), [(-0.1 - 0.2, "-0.3"), (86.0, "86"), (-0.0, "0"), (1 / 3, "0.333333333333")])
def test_a_plain_value_hides_the_last_bits(value, text):
    assert plain_value(value) == text


@pytest.mark.parametrize(
    ("values", "places"), [((-143.7, 12.3), 0), ((9.87, 1.23), 2), ((0.0123,), 4), ((0.0,), 3), ((math.nan,), 3), ((1e-9,), 11), ((2e-15,), 12), ((5e6,), 0)]
)  # fmt: skip
def test_places_fit_the_size_of_the_numbers(values, places):
    assert fitting_places(*values) == places
