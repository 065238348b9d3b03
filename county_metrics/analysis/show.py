"""Blocks that show a change and the evidence it rests on; words from the catalogue, numbers with their reference."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from county_metrics.analysis.design import design_block as design
from county_metrics.analysis.design import designs
from county_metrics.evidence.browse import timeline
from county_metrics.evidence.card import evidence, figure_number, grade, period_text
from county_metrics.evidence.case import Pair
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, join, say

if TYPE_CHECKING:
    from county_metrics.analysis.result import Bounded, ChangeResult

__all__ = [
    "break_even", "design", "evidence", "grade", "intervals", "reading", "readings", "references", "slope", "timeline",
    "title",
]  # fmt: skip
_PLACES = {"absolute_change": None, "percent_change": 1, "percentage_points": 1, "ratio": 3, "log_ratio": 3}


def result_number(
    name: str, value: Decimal | None, places: int | None, *, signed: bool = False, unit: Any = None
) -> dict[str, Any]:
    """Number node of a result; an open end is said in words."""
    if value is None or not value.is_finite():
        return say("number.open")
    return number(value, ref=f"result:{name}", places=places, signed=signed, unit=unit)


def bracket(name: str, bounded: Bounded, places: int | None, *, signed: bool = False) -> dict[str, Any]:
    """Bounds as ``[low, high]``."""
    low, high = (result_number(f"{name}_{end}", getattr(bounded, end), places, signed=signed) for end in ("low", "high"))
    return say("number.bracket", low=low, high=high)


def change_block(result: ChangeResult) -> dict[str, Any]:
    """Table of the change in every measure, with bounds labelled rounding only."""
    unit = both(**result.pair.before.unit.label)
    rows = []
    for name in ("absolute_change", "percentage_points", "percent_change", "ratio", "log_ratio"):
        bounded = getattr(result, name)
        if bounded is None or (name == "absolute_change" and result.percentage_points is not None):
            continue
        places, signed = _PLACES[name], name != "ratio"
        label = unit if name == "absolute_change" else say(f"unit.{name}")
        value = result_number(name, bounded.value, places, signed=signed)
        rows.append([say(f"measure.{name}"), value, bracket(name, bounded, places, signed=signed), label])
    columns = [
        column("measure", say("change.measure")),
        column("value", say("change.value"), numeric=True),
        column("bounds", say("change.bounds"), numeric=True),
        column("unit", say("change.unit")),
    ]
    known = "unstated" not in (result.pair.before.statistic, result.pair.after.statistic)
    statistic = say(
        f"change.statistic_{'known' if known else 'unknown'}", statistic=say(f"statistic.{result.pair.before.statistic}")
    )
    notes = [statistic, say("change.no_standard_error"), *result.assumptions]
    return payload.table("change", result.estimand, columns, rows, notes)


@payload.shows
def readings(result: ChangeResult) -> dict[str, Any]:
    """Every reading of the two numbers with the change that follows."""
    measure = main_measure(result)
    columns = [
        column("reading", say("reading.reading")),
        column(measure, say(f"measure.{measure}"), numeric=True),
        column("bounds", say("change.bounds"), numeric=True),
    ]
    rows = []
    for reading in result.readings:
        name, change = f"reading_{reading.id}", reading.change(measure)
        value = result_number(name, change.value, 1, signed=True)
        rows.append([reading.label, value, bracket(name, change, 1, signed=True)])
    notes = [say("reading.note", statistic=say(f"statistic.{result.pair.before.statistic}"))]
    return payload.table("readings", say("reading.caption"), columns, rows, notes)


@payload.shows
def break_even(result: ChangeResult) -> dict[str, Any]:
    """Break-even trend over its grid, or the reason why there is none."""
    if result.break_even_reason is not None:
        return payload.notice("note", say("break_even.none_title"), result.break_even_reason)
    columns = [
        column("years", say("break_even.years"), numeric=True),
        column("trend", say("break_even.trend"), numeric=True),
        column("basis", say("break_even.basis")),
    ]
    unit = both("%", "%") if result.break_even_unit == "percent" else say("unit.percentage_points")
    rows = [
        [
            number(point.years, ref=f"result:break_even_{point.years}_years"),
            result_number(f"break_even_{point.years}", point.trend, 1, signed=True, unit=unit),
            say("break_even.chosen" if point.basis == "grid" and point.years == result.years else f"break_even.{point.basis}"),
        ]
        for point in result.break_even
    ]
    dated = result.break_even[0].basis == "stated"
    note = say("break_even.note_stated" if dated else "break_even.note_grid")
    return payload.table("break_even", say("break_even.caption"), columns, rows, [note])


@payload.shows
def slope(result: ChangeResult) -> dict[str, Any]:
    """Slope plot of the two figures with their bounds."""
    pair = result.pair
    ends = {}
    for figure, interval in ((pair.before, result.readings[0].before), (pair.after, result.readings[0].after)):
        low, high = (figure.value if end is None else end for end in (interval.low, interval.high))
        label = join([say(f"role.{figure.role}"), period_text(figure)], "\n")
        ends[figure.role] = {"value": str(figure.value), "low": str(low), "high": str(high), "label": label}
    suffix = both("%", "%") if pair.before.unit.id == "percent" else both("", "")
    data = ends | {"unit": both(**pair.before.unit.label), "unit_suffix": suffix, "change": headline(result)}
    caption = say(
        "plot.slope_caption", indicator=both(**pair.indicator.label), before=figure_number(pair.before),
        after=figure_number(pair.after), change=headline(result), before_period=period_text(pair.before),
        after_period=period_text(pair.after),
    )  # fmt: skip
    alt = say(
        "plot.slope_alt",
        indicator=both(**pair.indicator.label),
        before=figure_number(pair.before),
        after=figure_number(pair.after),
    )
    return payload.plot("slope", "change", caption, alt, data)


@payload.shows
def intervals(result: ChangeResult) -> dict[str, Any]:
    """Plot of the percent change under every reading."""
    rows = []
    for reading in result.readings:
        change = reading.change(main_measure(result))
        low, high = (change.value if end is None else end for end in (change.low, change.high))
        rows.append({"label": reading.label, "value": str(change.value), "low": str(low), "high": str(high)})
    data = {"rows": rows, "unit": say(f"plot.{main_measure(result)}")}
    alt = say("plot.intervals_alt", count=number(len(rows), ref="result:readings"))
    return payload.plot("intervals", "readings", say("plot.intervals_caption"), alt, data)


def headline(result: ChangeResult) -> dict[str, Any]:
    """The change in one phrase: percentage points for a share, percent otherwise."""
    name = main_measure(result)
    return result_number(
        name, result.estimate, 1, signed=True,
        unit=say("unit.percentage_points") if name == "percentage_points" else both("%", "%"),
    )  # fmt: skip


def main_measure(result: ChangeResult) -> str:
    """Measure that headlines a change: percentage points for a share, percent otherwise."""
    return "percentage_points" if result.percentage_points else "percent_change"


@payload.shows
def reading(result: ChangeResult) -> dict[str, Any]:
    """The change read out in sentences, every number from the result."""
    pair = result.pair
    slots = {
        "indicator": both(**pair.indicator.label),
        "place": both(**pair.case_name),
        "before": figure_number(pair.before),
        "after": figure_number(pair.after),
    }
    name = main_measure(result)
    main = result.percentage_points or result.percent_change
    paragraphs = [
        say("says.change", **slots),
        say("says.size", change=headline(result), bracket=bracket(name, main, 1, signed=True)),
    ]
    paragraphs += [
        say("says.coarser", bracket=bracket(f"reading_{r.id}", r.change(name), 1, signed=True))
        for r in result.readings[1:]
        if "coarser" in r.id
    ][-1:]
    if any(figure.statistic == "unstated" for figure in (pair.before, pair.after)):
        paragraphs.append(say("says.statistic"))
    if result.break_even:
        point = next((p for p in result.break_even if p.basis == "stated" or p.years == result.years), result.break_even[0])
        unit = both("%", "%") if result.break_even_unit == "percent" else say("unit.percentage_points")
        trend = result_number(f"break_even_{point.years}", point.trend, 1, signed=True, unit=unit)
        years = number(point.years, ref=f"result:break_even_{point.years}_years")
        paragraphs.append(say(f"says.break_even_{point.basis}", trend=trend, years=years))
    paragraphs.append(say("says.no_effect"))
    return payload.prose(*paragraphs)


@payload.shows
def title(pair: Pair) -> dict[str, Any]:
    """Badge of a pair: indicator, place, design notation, kind of data."""
    have = designs()[pair.design]
    place, indicator = both(**pair.case_name), both(**pair.indicator.label)
    kind = say(f"nature.{pair.indicator.nature}")
    return payload.notice(
        "badge", join([indicator, place], " · "), say("badge.design", label=have.label, notation=have.notation), kind
    )


@payload.shows
def references(pair: Pair) -> dict[str, Any]:
    """Sources of both figures, once each, and the text the design notation comes from."""
    sources = {figure.source.id: figure.source for figure in (pair.before, pair.after)}
    return payload.prose(*(both(**source.cite) for source in sources.values()), say("reference.design"))
