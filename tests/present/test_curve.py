"""Specification curve: rows in order, every choice marked, open bounds drawn without a bar."""

import math
import warnings

import pytest

from county_metrics.present import payload
from county_metrics.present.curve import axis, curve_block, curve_table, measured
from county_metrics.present.payload import to_html
from county_metrics.present.plots import MissingGlyphWarning, draw, svg
from county_metrics.present.tables import tidy_rows
from county_metrics.present.wording import both, plain

TITLE = both("Approval time, Jiashan County", "嘉善县，审批时间")
UNIT = measured("break_even", "percent_a_year")


def parts(count, label="strict"):
    """A made-up grid: horizons, a rule, and values that fall and rise; every fifth row has an open end."""
    axes = [axis("years", range(1, 4)), axis("step", ["exact", "printed"]), axis("rule", [label, "loose"])]
    rows = []
    for place in range(count):
        value = (place * 37 % 101) / 10 - 5
        choices = {"years": str(place % 3 + 1), "step": ("exact", "printed")[place % 2], "rule": (label, "loose")[place // 2 % 2]}
        low = None if place % 5 == 4 else str(value - 1)
        rows.append({"value": str(value), "low": low, "high": str(value + 0.5), "choices": choices})
    return {"name": "break_even", "title": TITLE, "unit": UNIT, "axes": axes, "rows": rows}


def bars_of(axes):
    """Ends of each bar: the segments between the gaps of the first line."""
    points = list(zip(*axes.lines[0].get_data(), strict=True))
    return [(low[0], low[1], high[1]) for low, high in zip(points[::3], points[1::3], strict=True)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("count", [1, 6, 30, 400, 1200])
def test_a_curve_of_any_size_draws_without_a_missing_character_and_with_the_same_bytes(count, language):
    block = curve_block(**parts(count))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        drawn = svg(block, language)
    assert svg(block, language) == drawn
    assert len(drawn) < 500_000


@pytest.mark.parametrize("count", [6, 400])
def test_bars_reach_their_bounds_and_rows_with_an_open_end_have_none(count):
    block = curve_block(**parts(count))
    rows = block["data"]["rows"]
    upper = draw(block, "en").axes[0]
    expected = [(x, float(row["low"]), float(row["high"])) for x, row in enumerate(rows) if row["low"] is not None]
    assert bars_of(upper) == expected
    assert len(expected) < count


def test_points_rise_from_left_to_right_whatever_the_order_of_the_rows():
    given = parts(30)
    block = curve_block(**given)
    shuffled = block | {"data": block["data"] | {"rows": given["rows"]}}
    points = draw(shuffled, "en").axes[0].lines[1]
    assert list(points.get_ydata()) == sorted(float(row["value"]) for row in given["rows"])
    assert svg(shuffled, "en") == svg(block, "en")


def test_each_specification_has_one_mark_on_each_axis_at_its_choice():
    block = curve_block(**parts(30))
    lower = draw(block, "en").axes[1]
    names = {height: label.get_text() for height, label in zip(lower.get_yticks(), lower.get_yticklabels(), strict=True)}
    marks = [line for line in lower.lines if line.get_marker() == "o"]
    labels = {"exact": "none", "printed": "to the printed step"}
    for item, line in zip(block["data"]["axes"], marks, strict=True):
        chosen = [row["choices"][item["name"]] for row in block["data"]["rows"]]
        assert [names[height] for height in line.get_ydata()] == [labels.get(choice, choice) for choice in chosen]


def test_groups_are_headed_and_every_choice_is_named_in_both_languages():
    block = curve_block(**parts(6))
    expected = {
        "en": ["Years apart", "1", "2", "3", "Rounding", "none", "to the printed step", "rule", "strict", "loose"],
        "zh": ["相隔年数", "1", "2", "3", "取整", "不计取整", "按原文步长", "rule", "strict", "loose"],
    }
    for language, names in expected.items():
        upper, lower = draw(block, language).axes
        labels = lower.get_yticklabels()
        assert [label.get_text() for label in labels] == names
        assert [label.get_text() for label in labels if label.get_fontweight() == "bold"] == [names[0], names[4], names[7]]
        assert upper.get_ylabel() == plain(UNIT, language)


@pytest.mark.parametrize("count", [6, 400])
def test_the_lowest_and_the_highest_value_are_written(count):
    block = curve_block(**parts(count))
    rows = block["data"]["rows"]
    shown = [text.get_text().replace("\u2212", "-") for text in draw(block, "en").axes[0].texts]
    assert [float(text) for text in shown] == [round(float(rows[0]["value"]), 2), round(float(rows[-1]["value"]), 2)]


@pytest.mark.parametrize(("shift", "drawn"), [(0, True), (100, False)])
def test_the_zero_line_stands_where_zero_is_in_range(shift, drawn):
    given = parts(30)
    for row in given["rows"]:
        row |= {end: None if row[end] is None else str(float(row[end]) + shift) for end in ("value", "low", "high")}
    lines = draw(curve_block(**given), "en").axes[0].lines
    assert any(list(line.get_ydata()) == [0, 0] for line in lines) == drawn


def test_an_axis_of_many_values_keeps_its_room_and_marks_every_one():
    axes = [axis("years", range(1, 61))]
    rows = [{"value": str(k), "low": None, "high": None, "choices": {"years": str(k)}} for k in range(1, 61)]
    block = curve_block("break_even", TITLE, UNIT, axes, rows)
    figure = draw(block, "en")
    assert figure.get_size_inches()[1] < 6
    lower = figure.axes[1]
    heights = next(list(line.get_ydata()) for line in lower.lines if line.get_marker() == "o")
    assert len(set(heights)) == 60
    assert [label.get_text() for label in lower.get_yticklabels()][1:4] == ["1", "6", "11"]


def test_a_character_that_no_font_has_is_named():
    with pytest.warns(MissingGlyphWarning, match=r"'𓀀' \(U\+13000\)"):
        draw(curve_block(**parts(6, label="嘉善𓀀")), "zh")


def test_the_table_has_the_rows_of_the_curve_in_the_same_order():
    given = parts(30)
    table, block = curve_table(**given), curve_block(**given)
    tidy = tidy_rows(table)
    assert list(tidy[0]) == ["years", "step", "rule", "value", "bounds"]
    assert [row["value"] for row in tidy] == [row["value"] for row in block["data"]["rows"]]
    assert [row["rule"] for row in tidy] == [row["choices"]["rule"] for row in block["data"]["rows"]]
    assert [row["bounds"].startswith("[open, ") for row in tidy] == [row["low"] is None for row in block["data"]["rows"]]


def test_every_number_of_the_table_says_where_it_comes_from():
    first = curve_table(**parts(6))["rows"][0]
    assert first[0]["ref"] == "param:years"
    assert first[3]["ref"] == "result:break_even_1_exact_strict"
    assert 'data-ref="result:break_even_1_exact_strict_low"' in to_html(curve_table(**parts(6)), "en")


def test_equal_values_stand_in_the_order_of_their_choices():
    axes = [axis("step", ["exact", "printed", "coarser"])]
    rows = [{"value": "1", "low": None, "high": None, "choices": {"step": step}} for step in ("coarser", "exact", "printed")]
    found = curve_block("x", TITLE, UNIT, axes, rows)["data"]["rows"]
    assert [row["choices"]["step"] for row in found] == ["exact", "printed", "coarser"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [(["-62.6087", "3"], "from −62.6 to +3.0"), (["0.12345", "0.4"], "from +0.123 to +0.400"), (["0", "0"], "from 0 to 0"),
     (["1234.5", "2"], "from +2 to +1234")],
)  # fmt: skip
def test_numbers_are_shown_to_three_digits_of_the_largest(values, shown):
    rows = [{"value": value, "low": None, "high": None, "choices": {"k": str(k)}} for k, value in enumerate(values)]
    block = curve_block("x", TITLE, UNIT, [axis("k", range(2))], rows)
    assert shown in plain(block["alt"], "en")


def test_names_without_words_in_the_catalogue_stay_as_they_are():
    assert plain(measured("att", "points"), "en") == "att, points"
    assert plain(axis("weights", ["log", True])["values"][1]["label"], "zh") == "True"
    assert plain(UNIT, "zh") == "临界趋势（%/年）"


def test_the_caption_says_that_the_spread_is_no_confidence_interval():
    block = curve_block(**parts(6))
    assert payload.walk(block) == [block]
    assert "It is not a confidence interval." in plain(block["caption"], "en")
    assert "它不是置信区间" in plain(block["caption"], "zh")


def test_gaps_between_bars_are_not_drawn():
    line = draw(curve_block(**parts(6)), "en").axes[0].lines[0]
    assert all(math.isnan(y) for y in list(line.get_ydata())[2::3])
