"""One specification of a pair and all of them: the published numbers, the laws, the refusals."""

import dataclasses
import re
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import county_metrics as cm
from county_metrics.analysis.specification import READINGS, STEPS
from county_metrics.errors import DataError
from county_metrics.paths import data_root
from county_metrics.present.payload import MIME
from county_metrics.present.wording import plain
from tests.analysis.test_endpoints import DAYS, LAW, QUANTIFIERS, WATER, D, end, ends, rounded, shown, with_figures
from tests.evidence.edits import place

CHOICES = st.tuples(st.integers(1, 30), st.sampled_from(sorted(READINGS)), st.sampled_from(sorted(STEPS)))
ITEMS = cm.load_case("jiashan").pair("departmental_power_items")


def notes(found):
    return [plain(note, "en") for note in found.payload()["notes"]]


@pytest.mark.parametrize(("reading", "step", "expected"), [
    ("compound", "exact", ("-27.96", "-27.96", "-27.96")),
    ("compound", "printed", ("-27.96", "-28.15", "-27.77")),
    ("compound", "coarser", ("-27.96", "-28.61", "-27.29")),
    ("straight", "exact", ("-20.87", "-20.87", "-20.87")),
    ("straight", "printed", ("-20.87", "-20.97", "-20.77")),
    ("straight", "coarser", ("-20.87", "-21.21", "-20.52")),
])  # fmt: skip
def test_the_published_approval_times_give_the_trend_of_each_specification(reading, step, expected):
    found = cm.specification(DAYS, years=3, reading=reading, step=step)
    assert rounded(found.break_even, 2) == expected
    assert found.choices == {"years": 3, "reading": reading, "step": step}


def test_the_change_is_that_of_the_endpoints_read_the_same_way():
    printed, coarser = cm.endpoint_change(DAYS).readings
    assert cm.specification(DAYS).percent_change == printed.percent_change
    assert cm.specification(DAYS, step="coarser").percent_change == coarser.percent_change


def test_the_trend_is_that_of_the_break_even_grid():
    grid = {point.years: point.trend for point in cm.endpoint_change(DAYS).break_even}
    assert {k: cm.specification(DAYS, years=k).break_even.value for k in grid} == grid


def test_printed_dates_set_the_horizon_and_the_parameter_is_not_used():
    found = cm.specification(WATER, years=9)
    assert (found.years, found.choices["years"]) == (4, 4)
    assert notes(found)[0].startswith("Horizon: the 4 years between the printed dates; no other horizon is defensible")
    assert notes(cm.specification(DAYS, years=9))[0] == (
        "Horizon: 9 years, an assumption, since the source does not print both dates."
    )


def test_a_share_is_in_percent_of_the_before_like_everything_else_and_says_so():
    found = cm.specification(WATER, reading="straight", step="exact")
    assert shown(found.break_even.value, 10) == shown(found.percent_change.value / 4, 10)
    assert "not in percentage points" in notes(found)[-1]


def test_the_rounding_of_both_figures_is_said():
    assert "Rounding: 230 to the nearest 10; 86 to the nearest 1." in notes(cm.specification(DAYS, step="coarser"))
    assert "Rounding: 230 exact; 86 exact." in notes(cm.specification(DAYS, step="exact"))


def test_a_coarser_step_that_no_trailing_zero_allows_says_so():
    said = "No trailing zero allows a coarser step, so the bounds are those of the printed form."
    assert said in notes(cm.specification(WATER, step="coarser"))
    assert said not in notes(cm.specification(DAYS, step="coarser"))
    assert said not in notes(cm.specification(WATER, step="printed"))


def test_a_coarser_step_never_lets_a_figure_reach_zero():
    pair = with_figures(DAYS, {"value": D(10), "quantifier": QUANTIFIERS["near"]})
    assert cm.specification(pair, step="coarser").steps == (D(1), D(1))
    assert [reading.id for reading in cm.endpoint_change(pair).readings] == ["printed_printed"]


def test_an_end_that_the_words_leave_open_leaves_the_bounds_open():
    open_above = dataclasses.replace(QUANTIFIERS["over"], soft=(D(0), None))
    found = cm.specification(with_figures(DAYS, after={"quantifier": open_above}))
    assert (found.break_even.low, found.break_even.high) == (None, None)
    assert "[open, open]" in found.summary()


@LAW
@given(ends, ends, CHOICES)
def test_the_trend_leads_from_before_to_after_and_lies_in_its_bounds(before, after, chosen):
    pair = with_figures(DAYS, end(before), end(after))
    assume(pair.before.bounds.low > 0)
    found = cm.specification(pair, *chosen)
    rate, years = found.break_even.value / 100, found.years
    growth = (1 + rate) ** years if found.reading == "compound" else 1 + rate * years
    assert abs(pair.before.value * growth / pair.after.value - 1) <= D("1e-6")
    assert found.break_even.low <= found.break_even.value <= found.break_even.high


@LAW
@given(ends, ends, CHOICES)
def test_a_coarser_step_never_narrows_the_bounds(before, after, chosen):
    exact = {"quantifier": QUANTIFIERS["exact"]}
    pair = with_figures(DAYS, end(before | exact), end(after | exact))
    assume(pair.before.bounds.low > 0)
    none, printed, coarser = (cm.specification(pair, *chosen[:2], step).break_even for step in STEPS)
    assert none.low == none.value == none.high
    assert coarser.low <= printed.low <= none.low
    assert none.high <= printed.high <= coarser.high


def test_wrong_choices_are_all_named_with_what_is_allowed():
    message = (
        "years is a whole number of at least 1, such as 3, not 0\n"
        "there is no reading 'straigt'; did you mean 'straight'? Allowed: compound, straight\n"
        "there is no step 'fine'; Allowed: coarser, exact, printed"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        cm.specification(DAYS, years=0, reading="straigt", step="fine")


def test_an_inventory_is_refused_at_its_indicator_with_the_reason():
    where = place(data_root() / "cases" / "jiashan" / "figures.csv", ITEMS.after.id, "indicator")
    message = f"figures.csv:{where}: indicator: no break-even trend for 'departmental_power_items'. The indicator counts rules"
    with pytest.raises(DataError, match=re.escape(message)):
        cm.specification(ITEMS)


def test_a_fall_to_zero_is_refused_with_the_reason():
    pair = with_figures(DAYS, after={"value": D(0), "step": D(0)})
    with pytest.raises(DataError, match=r"value: .*no constant rate leads to it\. Choose another pair$"):
        cm.specification(pair)


def test_a_before_that_is_not_positive_is_refused_as_for_any_change():
    with pytest.raises(DataError, match="a percentage needs a positive before"):
        cm.specification(with_figures(DAYS, {"value": D(0)}))


def test_a_design_without_levels_is_refused():
    with pytest.raises(cm.DesignError, match=r"A change needs both levels\."):
        cm.specification(dataclasses.replace(DAYS, design="change_only"))


def test_a_specification_is_read_out_in_both_languages():
    words = cm.specification(DAYS).words().payload()["paragraphs"]
    assert plain(words[0], "en") == (
        "Under this specification a steady trend of −28.0% a year over 3 years would by itself give the published change; "
        "rounding alone leaves [−28.1, −27.8]."
    )
    assert plain(words[0], "zh").startswith("在这一设定下，若相隔3年，每年−28.0%的稳定趋势本身")


def test_the_record_holds_trend_change_and_horizon():
    record = cm.record(cm.specification(DAYS, step="coarser"), other_events=4)
    rows = {row["name"]: row for row in record.rows}
    assert list(rows) == ["break_even", "percent_change", "years", "other_events"]
    assert [rows[name]["unit"] for name in rows] == ["percent_a_year", "percent", "year", "count"]
    assert rows["break_even"]["provenance"] == "specification(jiashan, investment_approval_time)"
    found = cm.specification(DAYS, step="coarser").break_even
    assert [Decimal(rows["break_even"][name]) for name in ("value", "low", "high")] == [found.value, found.low, found.high]


def test_the_card_of_a_record_is_about_the_trend_and_claims_no_change():
    card = cm.record(cm.specification(DAYS)).card
    assert plain(card["headline"], "en") == "break-even trend −28.0% a year"
    assert plain(card["headline"], "zh") == "临界趋势每年−28.0%"
    assert plain(card["bounds"], "en") == "[−28.1, −27.8]"
    assert "from_to" not in card


def test_a_curve_holds_every_combination_once_in_order_of_its_value():
    curve = cm.specification_curve(DAYS, years=[2, 1, 2])
    assert len(curve.specifications) == 2 * len(READINGS) * len(STEPS)
    rows = curve.payload()["rows"]
    values = [Decimal(row[3]["number"]) for row in rows]
    assert values == sorted(values)
    assert "12 specifications, from −62.6 to −31.3" in curve.summary()


def test_a_curve_of_dated_figures_has_one_horizon():
    assert {found.years for found in cm.specification_curve(WATER, years=[1, 2, 9]).specifications} == {4}


def test_a_curve_shows_itself_as_a_table_and_draws_on_request():
    curve = cm.specification_curve(DAYS)
    assert curve._repr_mimebundle_()[MIME]["block"] == "table"
    assert curve.plot_block().payload()["kind"] == "curve"
    assert [row["value"] for row in curve.plot_block().payload()["data"]["rows"]] == [
        row[3]["number"] for row in curve.payload()["rows"]
    ]
