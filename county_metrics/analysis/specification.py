"""One specification of a before/after pair (horizon, reading, rounding), and all of them as a specification curve."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from county_metrics.analysis.arguments import instance, require, whole
from county_metrics.analysis.design import gate
from county_metrics.analysis.endpoints import (
    OF_A_CASE,
    bounded,
    compound,
    interval,
    no_break_even,
    percent,
    require_percentage,
    stated_years,
    way_label,
    wider_step,
)
from county_metrics.analysis.result import Bounded
from county_metrics.analysis.show import bracket, result_number
from county_metrics.errors import DataError, Problem, nearest
from county_metrics.evidence.case import Pair
from county_metrics.evidence.schema import Figure
from county_metrics.present import payload
from county_metrics.present.curve import axis, curve_block, curve_table, measured
from county_metrics.present.number import number
from county_metrics.present.payload import Block
from county_metrics.present.tables import column
from county_metrics.present.wording import both, plain, say


def straight(before: Decimal, after: Decimal, years: int) -> Decimal:
    """Constant amount a year that leads from before to after, in percent of the before."""
    return percent(before, after) / years


READINGS: dict[str, Callable[[Decimal, Decimal, int], Decimal]] = {"compound": compound, "straight": straight}
STEPS: dict[str, Callable[[Figure], Decimal]] = {
    "exact": lambda figure: Decimal(0),
    "printed": lambda figure: figure.step,
    "coarser": lambda figure: wider_step(figure) or figure.step,
}


@dataclass(frozen=True)
class Specification(payload.Shown):
    """Break-even trend of a pair under one set of choices.

    Attributes
    ----------
    years : int
        Years from before to after: those between the printed dates, otherwise as chosen.
    steps : tuple of Decimal
        Rounding step of the before and of the after; 0 for one that is taken as exact.
    break_even : Bounded
        Percent a year: of the year before when compound, of the figure before when straight; for shares as well.
    percent_change : Bounded
    """

    pair: Pair
    years: int
    reading: str
    step: str
    steps: tuple[Decimal, Decimal]
    break_even: Bounded
    percent_change: Bounded

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen, by name of parameter."""
        return {"years": self.years, "reading": self.reading, "step": self.step}

    @property
    def trend(self) -> dict[str, Any]:
        """The break-even trend, in percent a year, as a number node."""
        return result_number("break_even", self.break_even.value, 1, signed=True, unit=both("%", "%"))

    def payload(self) -> dict[str, Any]:
        """Table of the trend and the change with their bounds, and what was chosen."""
        rows = []
        for name, unit in (("break_even", "percent_a_year"), ("percent_change", "percent_change")):
            found: Bounded = getattr(self, name)
            value, ends = result_number(name, found.value, 1, signed=True), bracket(name, found, 1, signed=True)
            rows.append([say(f"measure.{name}"), value, ends, say(f"unit.{unit}")])
        columns = [
            column(name, say(f"change.{name}"), numeric=name in ("value", "bounds"))
            for name in ("measure", "value", "bounds", "unit")
        ]
        caption = say("specification.caption", indicator=both(**self.pair.indicator.label), place=both(**self.pair.case_name))
        return payload.table("specification", caption, columns, rows, self._chosen())

    def _chosen(self) -> list[Any]:
        pair, years = self.pair, number(self.years, ref="result:years")
        ends = zip((pair.before, pair.after), self.steps, strict=True)
        before, after = (way_label(figure, "printed", figure.value, step) for figure, step in ends)
        notes = [
            say(f"specification.years_{'grid' if stated_years(pair) is None else 'stated'}", years=years),
            say(f"specification.{self.reading}"),
            say("specification.rounding", ways=say("reading.both", before=before, after=after)),
        ]
        if self.step == "coarser" and self.steps == (pair.before.step, pair.after.step):
            notes.append(say("specification.no_coarser"))
        if pair.indicator.scale == "share":
            notes.append(say("specification.share"))
        return notes

    def words(self) -> Block:
        """The specification read out in sentences."""
        ends = bracket("break_even", self.break_even, 1, signed=True)
        years = number(self.years, ref="result:years")
        read = say("specification.says", trend=self.trend, years=years, bracket=ends)
        return Block(payload.prose(read, say("specification.one_of_many"), say("says.no_effect")))

    def __repr__(self) -> str:
        return self.summary()


def specification(pair: Pair, years: int = 3, reading: str = "compound", step: str = "printed") -> Specification:
    """Work out the break-even trend of a pair under one set of choices.

    Parameters
    ----------
    pair : Pair
        A before and an after of a process or an outcome.
    years : int
        Years from before to after where the source prints no dates, at least 1.
    reading : {"compound", "straight"}
        The same percent every year, or the same amount every year.
    step : {"exact", "printed", "coarser"}
        Take the figures as exact, as rounded to the printed step, or one step coarser where trailing zeros allow it.

    Raises
    ------
    AnalysisError
        If a choice is not allowed; the text says what is.
    DataError
        If the pair has no break-even trend.

    Examples
    --------
    >>> from county_metrics.evidence.load import load_case
    >>> found = specification(load_case("jiashan").pair("investment_approval_time"), years=3)
    >>> [round(end, 1) for end in (found.break_even.value, found.break_even.low, found.break_even.high)]
    [Decimal('-28.0'), Decimal('-28.1'), Decimal('-27.8')]
    """
    wrong = [instance("pair", pair, Pair, OF_A_CASE), whole("years", years, least=1, example=3)]
    for name, chosen, allowed in (("reading", reading, list(READINGS)), ("step", step, list(STEPS))):
        if chosen not in allowed:
            wrong.append(f"there is no {name} '{chosen}'; {nearest(str(chosen), allowed)}")
    require(*wrong)
    require_percentage(pair)
    _require_break_even(pair)
    ends = pair.before.value, pair.after.value
    steps = STEPS[step](pair.before), STEPS[step](pair.after)
    ranges = interval(pair.before, steps[0]), interval(pair.after, steps[1])
    horizon, rule = stated_years(pair) or years, READINGS[reading]
    trend = bounded(lambda before, after: rule(before, after, horizon), *ends, *ranges)
    return Specification(pair, horizon, reading, step, steps, trend, bounded(percent, *ends, *ranges))


def _require_break_even(pair: Pair) -> None:
    gate(pair, "break_even_trend").require()
    reason = no_break_even(pair)
    if reason is not None:
        at, field = pair.after.place, "value" if reason == say("break_even.zero") else "indicator"
        message = f"no break-even trend for '{pair.id}'. {plain(reason, 'en')} Choose another pair"
        raise DataError([Problem(at.path, at.line, at.columns.get(field, 0), field, message)])


@dataclass(frozen=True)
class SpecificationCurve(payload.Shown):
    """Every specification of a pair, shown as a table in order of the trend; `plot_block` shows the curve."""

    specifications: tuple[Specification, ...]

    def payload(self) -> dict[str, Any]:
        """Table of the specifications."""
        return curve_table(**self._parts())

    def plot_block(self) -> Block:
        """The specification curve."""
        return Block(curve_block(**self._parts()))

    def _parts(self) -> dict[str, Any]:
        pair = self.specifications[0].pair
        chosen = [found.choices for found in self.specifications]
        rows = [
            {
                "value": str(found.break_even.value),
                "low": None if found.break_even.low is None else str(found.break_even.low),
                "high": None if found.break_even.high is None else str(found.break_even.high),
                "choices": {name: str(value) for name, value in found.choices.items()},
            }
            for found in self.specifications
        ]
        return {
            "name": "break_even",
            "title": say("specification.title", indicator=both(**pair.indicator.label), place=both(**pair.case_name)),
            "unit": measured("break_even", "percent_a_year"),
            "axes": [axis(name, dict.fromkeys(choices[name] for choices in chosen)) for name in chosen[0]],
            "rows": rows,
        }

    def __repr__(self) -> str:
        return self.summary()


def specification_curve(pair: Pair, years: Iterable[int] = range(1, 6)) -> SpecificationCurve:
    """Work out every specification of a pair: each horizon, each reading, each rounding.

    Parameters
    ----------
    pair : Pair
    years : iterable of int
        Horizons where the source prints no dates; otherwise the stated years are the only one.
    """
    require(instance("pair", pair, Pair, OF_A_CASE), instance("years", years, Iterable, "whole numbers, such as range(1, 6)"))
    years = list(years)
    require(*(whole("each of years", each, least=1, example=3) for each in years))
    dated = stated_years(pair)
    horizons = sorted(set(years)) if dated is None else [dated]
    return SpecificationCurve(tuple(specification(pair, *chosen) for chosen in product(horizons, READINGS, STEPS)))
