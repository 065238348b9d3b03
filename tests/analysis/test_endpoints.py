"""Two endpoints described exactly: the published numbers, the laws, the limits."""

import dataclasses
import re
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import county_metrics as cm
from county_metrics.errors import DataError
from county_metrics.evidence.bounds import bounds
from county_metrics.evidence.load import load_vocabulary
from county_metrics.paths import data_root
from county_metrics.present.wording import plain
from tests.evidence.edits import place

LAW = settings(deadline=None, derandomize=True, max_examples=120)
QUANTIFIERS = load_vocabulary([]).quantifiers
DAYS = cm.load_case("jiashan").pair("investment_approval_time")
WATER = cm.load_case("demonstration_zone").pair("surface_water_good_share")


def D(text):  # noqa: N802
    return Decimal(text)


def shown(value, places):
    return str(value.quantize(D(1).scaleb(-places), rounding=ROUND_HALF_EVEN))


def rounded(bounded, places):
    return tuple(shown(value, places) for value in (bounded.value, bounded.low, bounded.high))


def with_figures(pair, before=None, after=None):
    """A pair whose ends have other values, steps or quantifiers; bounds are computed anew."""
    ends = {}
    for role, changes in (("before", before or {}), ("after", after or {})):
        end = dataclasses.replace(getattr(pair, role), **changes)
        ends[role] = dataclasses.replace(end, bounds=bounds(end.value, end.quantifier, end.step, end.value_hi))
    return dataclasses.replace(pair, **ends)


def test_the_published_approval_times_give_the_published_change(change_of):
    change = change_of("investment_approval_time")
    assert (change.absolute_change.value, change.absolute_change.low, change.absolute_change.high) == (-144, -145, -143)
    assert rounded(change.percent_change, 1) == ("-62.6", "-62.9", "-62.3")
    assert rounded(change.percent_change, 2) == ("-62.61", "-62.91", "-62.31")
    assert shown(change.ratio.value, 3) == "0.374"
    assert shown(change.log_ratio.value, 3) == "-0.984"
    assert change.percentage_points is None


def test_trailing_zeros_give_a_coarser_reading_with_wider_bounds(change_of):
    printed, coarser = change_of("investment_approval_time").readings
    assert (printed.id, coarser.id) == ("printed_printed", "coarser_printed")
    assert rounded(coarser.percent_change, 1) == ("-62.6", "-63.6", "-61.6")
    assert rounded(printed.percent_change, 1) == ("-62.6", "-62.9", "-62.3")
    assert plain(coarser.label, "en") == "230 to the nearest 10; 86 to the nearest 1"
    assert plain(coarser.label, "zh") == "230（取整到10）；86（取整到1）"


def test_undated_figures_give_a_grid_of_break_even_trends(change_of):
    change = change_of("investment_approval_time")
    assert [(p.years, shown(p.trend, 1), p.basis) for p in change.break_even] == [
        (1, "-62.6", "grid"), (2, "-38.9", "grid"), (3, "-28.0", "grid"), (4, "-21.8", "grid"), (5, "-17.9", "grid"),
    ]  # fmt: skip
    assert (change.break_even_unit, change.break_even_reason) == ("percent", None)


@pytest.mark.parametrize(("years", "grid"), [(1, [1, 2, 3, 4, 5]), (3, [1, 2, 3, 4, 5]), (10, [1, 2, 3, 4, 5, 10])])
def test_the_chosen_horizon_stands_in_the_grid(change_of, years, grid):
    assert [point.years for point in change_of("investment_approval_time", years=years).break_even] == grid


def test_the_share_of_good_water_changes_in_percentage_points(change_of):
    change = change_of("surface_water_good_share")
    assert dataclasses.astuple(change.percentage_points) == (D("21.2"), D("20.65"), D("21.75"))
    assert change.estimate == D("21.2")
    assert [(p.years, p.trend, p.basis) for p in change.break_even] == [(4, D("5.3"), "stated")]
    assert change.break_even_unit == "percentage_points"


def test_the_share_of_good_air_changes_in_percentage_points(change_of):
    change = change_of("good_air_day_share")
    assert dataclasses.astuple(change.percentage_points) == (D("5.7"), D("5.6"), D("5.8"))
    assert [(p.years, p.trend, p.basis) for p in change.break_even] == [(4, D("1.425"), "stated")]


@pytest.mark.parametrize(
    ("name", "absolute", "percent"), [("departmental_power_items", "-4435", "-49.27"), ("grassroots_units", "-97", "-48.74")]
)
def test_an_inventory_changes_exactly_and_has_no_break_even_trend(change_of, name, absolute, percent):
    change = change_of(name)
    assert set(dataclasses.astuple(change.absolute_change)) == {D(absolute)}
    assert rounded(change.percent_change, 2) == (percent, percent, percent)
    assert change.percent_change.low == change.percent_change.value == change.percent_change.high
    assert change.break_even == ()
    assert plain(change.break_even_reason, "en") == (
        "The indicator counts rules or units that a decision cuts. "
        "The count is the reform itself, so no trend could have produced it alone."
    )
    assert plain(change.break_even_reason, "zh").startswith("该指标统计由决定削减的规则或单位")
    assert len(change.readings) == 1


def test_another_reading_of_a_figure_is_run_beside_the_printed_one():
    pair = with_figures(DAYS, after={"readings": (("double", D("172")),)})
    found = {reading.id: shown(reading.percent_change.value, 1) for reading in cm.endpoint_change(pair).readings}
    assert found == {
        "printed_printed": "-62.6", "printed_double": "-25.2", "coarser_printed": "-62.6", "coarser_double": "-25.2",
    }  # fmt: skip


def test_a_quantifier_that_leaves_an_end_open_leaves_the_change_open():
    hard_only = dataclasses.replace(QUANTIFIERS["over"], soft=(D("0"), None))
    change = cm.endpoint_change(with_figures(DAYS, after={"quantifier": hard_only}))
    assert shown(change.percent_change.value, 1) == "-62.6"
    assert (change.percent_change.low, change.percent_change.high) == (None, None)


def test_a_share_is_never_read_above_100():
    change = cm.endpoint_change(with_figures(WATER, after={"value": D("99.99")}))
    assert change.readings[0].after.high == 100


def test_a_count_is_never_read_below_0():
    change = cm.endpoint_change(with_figures(DAYS, after={"value": D("0")}))
    assert change.readings[0].after.low == 0


def test_a_fall_to_zero_has_no_log_ratio_and_no_break_even_trend():
    change = cm.endpoint_change(with_figures(DAYS, after={"value": D("0"), "step": D("0")}))
    assert change.percent_change.value == -100
    assert change.log_ratio.value == D("-Infinity")
    assert plain(change.break_even_reason, "en") == "The figure after is zero; no constant rate leads to it."


def test_a_log_ratio_is_open_below_where_rounding_reaches_zero():
    change = cm.endpoint_change(with_figures(DAYS, after={"value": D("0.5")}))
    assert change.log_ratio.value.is_finite()
    assert change.log_ratio.low is None
    assert change.ratio.low == 0


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({"value": D("0")}, {}, "'0' to '86': a percentage needs a positive before and an after of at least 0"),
        ({"value": D("-1")}, {}, "'-1' to '86': a percentage needs a positive before"),
        ({}, {"value": D("-86")}, "'230' to '-86': a percentage needs a positive before"),
        ({"value": D("0.4")}, {}, "'0.4' to '86': a percentage needs a positive before"),
    ],
)
def test_a_change_without_a_percentage_is_refused_at_its_figure(before, after, message):
    end = "after" if after else "before"
    where = place(data_root() / "cases" / "jiashan" / "figures.csv", f"jiashan_investment_approval_{end}", "value")
    with pytest.raises(DataError, match=re.escape(f"data/cases/jiashan/figures.csv:{where}: value: {message}")):
        cm.endpoint_change(with_figures(DAYS, before, after))


@pytest.mark.parametrize("years", [0, -1])
def test_a_horizon_below_one_year_is_refused(years):
    with pytest.raises(ValueError, match=rf"^years is a whole number of at least 1, such as 3, not {years}$"):
        cm.endpoint_change(DAYS, years=years)


def test_a_design_without_levels_is_refused():
    with pytest.raises(cm.DesignError, match=r"A change needs both levels\."):
        cm.endpoint_change(dataclasses.replace(DAYS, design="change_only"))


@pytest.mark.parametrize(("name", "text"), [
    ("investment_approval_time", 'Change in "Time for the whole approval of an enterprise investment project" '
     "between the two figures published for Jiashan County."),
    ("good_air_day_share", 'Change in "Days with good air quality (AQI)", in percentage points, '
     "between the two figures published for Yangtze-delta integration demonstration zone."),
])  # fmt: skip
def test_the_estimand_is_said_in_words(change_of, name, text):
    assert plain(change_of(name).estimand, "en") == text


def test_no_word_of_a_result_calls_the_change_an_effect(any_pair):
    change = cm.endpoint_change(any_pair)
    text = change.summary() + plain(change.estimand, "en")
    assert not re.search(r"\beffects?\b|\bcaused?\b|significan", text)


def test_large_money_is_described_and_not_refused_by_the_arithmetic():
    change = cm.endpoint_change(with_figures(DAYS, {"value": D("3e16")}, {"value": D("1e16")}))
    assert change.absolute_change.value == D("-2e16")


values = st.one_of(
    st.integers(1, 10**6).map(Decimal),
    st.decimals(min_value=D("0.1"), max_value=10**5, places=1),
    st.decimals(min_value=D("0.01"), max_value=10**3, places=2),
)
ends = st.fixed_dictionaries(
    {
        "value": values,
        "exact_count": st.booleans(),
        "quantifier": st.sampled_from([QUANTIFIERS[name] for name in sorted(set(QUANTIFIERS) - {"range"})]),
    }
)


def end(drawn):
    step = D(0) if drawn["exact_count"] else D(1).scaleb(drawn["value"].as_tuple().exponent)
    return {"value": drawn["value"], "quantifier": drawn["quantifier"], "step": step}


def changed(before, after):
    pair = with_figures(DAYS, end(before), end(after))
    assume(pair.before.bounds.low > 0)
    assume(pair.after.bounds.low > 0)
    return pair, cm.endpoint_change(pair)


@LAW
@given(ends, ends)
def test_percent_ratio_log_ratio_and_difference_agree(before, after):
    pair, change = changed(before, after)
    first, second = pair.before.value, pair.after.value
    assert change.absolute_change.value == second - first
    assert abs(change.ratio.value * first - second) <= D("1e-12") * first
    assert abs((change.ratio.value - 1) * 100 - change.percent_change.value) <= D("1e-10")
    assert abs(change.log_ratio.value.exp() - change.ratio.value) <= D("1e-11") * max(1, change.ratio.value)


@LAW
@given(ends, ends)
def test_bounds_contain_the_value_in_every_measure_and_reading(before, after):
    _, change = changed(before, after)
    for name in ("absolute_change", "percent_change", "ratio", "log_ratio"):
        bounded = getattr(change, name)
        assert bounded.low <= bounded.value <= bounded.high
    for reading in change.readings:
        assert reading.percent_change.low <= reading.percent_change.value <= reading.percent_change.high
        assert reading.absolute_change.low <= reading.absolute_change.value <= reading.absolute_change.high


@LAW
@given(ends, ends)
def test_bounds_agree_over_the_measures(before, after):
    _, change = changed(before, after)
    for side in ("low", "high"):
        ratio = getattr(change.ratio, side)
        assert abs((ratio - 1) * 100 - getattr(change.percent_change, side)) <= D("1e-10")
        assert abs(getattr(change.log_ratio, side).exp() - ratio) <= D("1e-11") * max(1, ratio)


@LAW
@given(ends, ends)
def test_swapping_before_and_after_inverts_the_ratio(before, after):
    _, there = changed(before, after)
    _, back = changed(after, before)
    for one, other in (("value", "value"), ("low", "high"), ("high", "low")):
        first, second = getattr(there.ratio, one), getattr(back.ratio, other)
        assert abs(first * second - 1) <= D("1e-12") * (first + second)
        assert abs(getattr(there.log_ratio, one) + getattr(back.log_ratio, other)) <= D("1e-11")
        assert getattr(there.absolute_change, one) == -getattr(back.absolute_change, other)


@LAW
@given(ends, ends, st.integers(1, 30))
def test_the_break_even_trend_compounds_to_the_change(before, after, years):
    pair = with_figures(DAYS, end(before), end(after))
    assume(pair.before.bounds.low > 0)
    change = cm.endpoint_change(pair, years=years)
    point = next(point for point in change.break_even if point.years == years)
    restored = pair.before.value * (1 + point.trend / 100) ** years
    assert abs(restored / pair.after.value - 1) <= D("1e-6")


@LAW
@given(st.integers(1, 999), st.integers(1, 3), ends)
def test_a_coarser_reading_never_narrows_the_bounds(digits, zeros, after):
    round_number = {"value": D(digits) * 10**zeros, "exact_count": False, "quantifier": QUANTIFIERS["exact"]}
    _, change = changed(round_number, after | {"quantifier": QUANTIFIERS["exact"]})
    coarser = [reading.percent_change for reading in change.readings if "coarser" in reading.id]
    assert coarser
    assert all(wide.low <= change.percent_change.low for wide in coarser)
    assert all(wide.high >= change.percent_change.high for wide in coarser)
