"""What a result gives: exact text, one wide row, a picture, and refusals."""

import dataclasses
import json
import math
import re

import pytest
from matplotlib.figure import Figure

import county_metrics as cm
from county_metrics.present.payload import MIME, to_html, to_plain


def test_a_p_value_is_refused_with_what_would_make_it_possible(any_pair):
    change = cm.endpoint_change(any_pair)
    needed = "What would make it answerable: one row for each approved project with its dates (records)"
    with pytest.raises(cm.DesignError, match=re.escape(needed)):
        _ = change.p_value


def test_a_sampling_interval_is_refused_in_either_language(any_pair):
    change = cm.endpoint_change(any_pair)
    with pytest.raises(cm.DesignError, match=r"The bounds shown come from rounding only\."):
        change.conf_int()
    cm.set_language("zh")
    with pytest.raises(cm.DesignError, match="每个数字背后的件数与离散程度均未公布；所示界限只来自取整。"):
        change.conf_int()


def test_there_is_no_standard_error(any_pair):
    change = cm.endpoint_change(any_pair)
    assert change.std_error is None
    assert change.to_dict()["std_error"] is None
    assert "No standard error: two published figures have no spread that could be known." in change.summary()


def test_a_result_cannot_be_changed(change_of):
    change = change_of("grassroots_units")
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.years = 9


def test_a_dictionary_holds_exact_text(change_of):
    row = change_of("surface_water_good_share").to_dict()
    assert (row["percentage_points"], row["percentage_points_low"], row["percentage_points_high"]) == (
        "21.2", "20.65", "21.75",
    )  # fmt: skip
    assert (row["before"], row["before_low"], row["before_high"]) == ("75", "74.5", "75.5")
    assert (row["before_period"], row["before_period_basis"]) == ("2019", "stated")
    assert row["bounds"] == "rounding only"
    assert json.loads(json.dumps(row)) == row


def test_a_tidy_result_is_one_wide_row_in_percent(change_of):
    table = change_of("investment_approval_time").tidy()
    assert table.shape == (1, 33)
    row = table.iloc[0]
    assert row["percent_change"] == pytest.approx(-62.608695652174, abs=1e-9)
    assert (row["absolute_change"], row["before"], row["after"]) == (-144, 230, 86)
    assert row["unit"] == "working_day"
    assert math.isnan(row["percentage_points"])
    assert math.isnan(row["std_error"])


def test_every_number_of_a_tidy_row_is_a_float(any_pair):
    words = {"case", "pair", "indicator", "design", "unit", "statistic", "bounds"}
    table = cm.endpoint_change(any_pair).tidy()
    numbers = [name for name in table if name not in words and not name.endswith(("_period", "_basis"))]
    assert {str(table[name].dtype) for name in numbers} == {"float64"}


def test_a_summary_reads_as_text_with_the_larger_unknown_beside_the_bounds(change_of):
    change = change_of("investment_approval_time")
    assert change.summary().splitlines() == [
        'Change in "Time for the whole approval of an enterprise investment project" between the two figures '
        "published for Jiashan County.",
        "Measure           Value  Bounds (rounding only)  Unit",
        "Absolute change    −144            [−145, −143]  working days",
        "Percent change    −62.6          [−62.9, −62.3]  %",
        "Ratio             0.374          [0.371, 0.377]  after ÷ before",
        "Log ratio        −0.984        [−0.992, −0.976]  natural logarithm",
        "Which statistic the figures are is unstated: mean, median or limit is not said. That is a larger unknown than rounding.",
        "No standard error: two published figures have no spread that could be known.",
        "Each figure is taken as rounded to the step of its printed form, or as exact where it is a count.",
        "Both figures measure the same thing, unless the evidence grade says otherwise.",
        "Nothing is known of what would have happened without the reform.",
    ]
    assert repr(change) == change.summary()


def test_a_summary_reads_in_chinese(change_of):
    change = change_of("investment_approval_time")
    cm.set_language("zh")
    text = change.summary()
    assert "百分比变化" in text
    assert "[−62.9, −62.3]" in text
    assert "界限（仅计取整）" in text


def test_a_share_leads_with_percentage_points(change_of):
    lines = change_of("surface_water_good_share").summary().splitlines()
    assert re.fullmatch(r"Change in percentage points +\+21\.2 +\[\+20\.6, \+21\.8\]  percentage points", lines[2])
    assert not any(line.startswith("Absolute change") for line in lines)


def test_a_result_draws_itself(any_pair):
    assert isinstance(cm.endpoint_change(any_pair).plot(), Figure)


VIEWS = ["reading", "readings", "break_even", "slope", "intervals"]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_one_payload_for_both_languages(any_pair, view):
    change = cm.endpoint_change(any_pair)
    bundles = []
    for language in ("en", "zh"):
        cm.set_language(language)
        bundles.append(getattr(cm.show, view)(change)._repr_mimebundle_())
    assert json.dumps(bundles[0][MIME]) == json.dumps(bundles[1][MIME])
    assert bundles[0]["text/plain"] != bundles[1]["text/plain"]
    assert not re.search("[\u4e00-\u9fff]", bundles[0]["text/plain"])


@pytest.mark.parametrize("view", ["evidence", "grade", "title", "references", "design"])
def test_every_view_of_a_pair_reads_in_both_languages(any_pair, view):
    block = getattr(cm.show, view)(any_pair).payload()
    english, chinese = (to_plain(block, language) for language in ("en", "zh"))
    assert english != chinese
    assert "{" not in english + chinese


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_number_of_a_result_stands_outside_its_reference(any_pair, language):
    change = cm.endpoint_change(any_pair)
    views = [change, cm.show.reading(change), cm.show.readings(change), cm.show.break_even(change)]
    html = "".join(to_html(view.payload(), language) for view in views)
    names = [text[language] for text in (any_pair.indicator.label, any_pair.case_name)]
    rest = re.sub(r"<data [^>]*>[^<]*</data>|<[^>]*>", " ", html)
    for name in names:
        rest = rest.replace(name, " ")
    assert re.findall(r"\d+", rest) == []
    refs = set(re.findall(r'data-ref="([^"]+)"', html))
    assert {f"figure:{any_pair.before.id}", f"figure:{any_pair.after.id}"} <= refs
    assert all(ref.startswith(("figure:", "result:")) for ref in refs)


def test_an_inferred_date_is_marked_wherever_it_goes(change_of):
    change = change_of("investment_approval_time")
    for block in (cm.show.evidence(change.pair).payload(), cm.show.slope(change).payload()):
        assert "(inferred)" in to_html(block, "en")
        assert "（推断）" in to_html(block, "zh")


def test_the_reading_says_change_bounds_unknown_and_no_effect(change_of):
    text = cm.show.reading(change_of("investment_approval_time")).summary().replace("\u00a0", " ")
    assert text.splitlines() == [
        "Time for the whole approval of an enterprise investment project in Jiashan County: the source prints "
        "230 working days before the reform and 86 working days after it.",
        "That is a change of −62.6%; rounding alone leaves [−62.9, −62.3].",
        "Read with the wider rounding that the trailing zeros allow, the change lies in [−63.6, −61.6].",
        "Which statistic the figures are is unstated; that is a larger unknown than rounding.",
        "A steady trend of −28.0% a year over 3 years would by itself give this change. The dates are not printed; "
        "other horizons stand in the table.",
        "This is a change, not an effect: no comparison place and no earlier trend are known.",
    ]
