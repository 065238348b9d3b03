"""Two published endpoints described exactly: change, bounds, readings, break-even trend."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import product

from county_metrics.analysis.arguments import instance, require, whole
from county_metrics.analysis.design import gate
from county_metrics.analysis.result import Bounded, ChangeResult, Reading, TrendPoint
from county_metrics.errors import DataError, Problem
from county_metrics.evidence.bounds import Interval, bounds, coarser_step, corners
from county_metrics.evidence.case import Pair
from county_metrics.evidence.schema import Figure
from county_metrics.present.number import number
from county_metrics.present.wording import both, say

OF_A_CASE = "a pair of a case, load_case('…').pair('…')"
_GRID = 5
_DIGITS = 12


def endpoint_change(pair: Pair, years: int = 3) -> ChangeResult:
    """Describe the change between the two endpoints of a pair.

    Parameters
    ----------
    pair : Pair
        A before and an after of one indicator.
    years : int
        Horizon of the break-even trend where the source prints no dates; one of a grid, at least 1.

    Returns
    -------
    ChangeResult
        Changes with bounds from rounding only. Nothing in it is an effect or a test.

    Raises
    ------
    DataError
        If the before is not positive, so that no percentage exists.
    AnalysisError
        If `years` is no whole number of at least 1, or `pair` is none.

    Examples
    --------
    >>> from county_metrics.evidence.load import load_case
    >>> change = endpoint_change(load_case("jiashan").pair("investment_approval_time"))
    >>> round(change.percent_change.value, 1), round(change.ratio.value, 3)
    (Decimal('-62.6'), Decimal('0.374'))
    """
    require(instance("pair", pair, Pair, OF_A_CASE), whole("years", years, least=1, example=3))
    require_percentage(pair)
    before, after = pair.before, pair.after
    share = pair.indicator.scale == "share"
    readings = _readings(pair)
    first = readings[0]
    break_even, reason = _break_even(pair, years, share)
    return ChangeResult(
        pair=pair,
        estimand=say(
            "change.estimand_share" if share else "change.estimand",
            indicator=both(**pair.indicator.label),
            place=both(**pair.case_name),
        ),
        absolute_change=first.absolute_change,
        percent_change=first.percent_change,
        ratio=bounded(_ratio, before.value, after.value, first.before, first.after),
        log_ratio=_log(before.value, after.value, first.before, first.after),
        percentage_points=first.absolute_change if share else None,
        readings=readings,
        break_even=break_even,
        break_even_unit="percentage_points" if share else "percent",
        break_even_reason=reason,
        years=years,
        assumptions=tuple(say(f"assumption.{name}") for name in ("rounding", "same_scope", "no_counterfactual")),
    )


def require_percentage(pair: Pair) -> None:
    """Refuse a pair whose design bears no change or whose figures give no percentage."""
    gate(pair, "change").require()
    before, after = pair.before, pair.after
    if before.value <= 0 or after.value < 0 or (before.bounds.low is not None and before.bounds.low <= 0):
        message = f"'{before.value}' to '{after.value}': a percentage needs a positive before and an after of at least 0"
        at = (after if after.value < 0 else before).place
        raise DataError([Problem(at.path, at.line, at.columns.get("value", 0), "value", message)])


def _ratio(before: Decimal, after: Decimal) -> Decimal:
    return after / before


def _log_ratio(before: Decimal, after: Decimal) -> Decimal:
    return (after / before).ln()


def percent(before: Decimal, after: Decimal) -> Decimal:
    """Percent change from before to after."""
    return (after / before - 1) * 100


def _difference(before: Decimal, after: Decimal) -> Decimal:
    return after - before


def compound(before: Decimal, after: Decimal, years: int) -> Decimal:
    """Constant percent a year that leads from before to after."""
    return ((after / before) ** (Decimal(1) / years) - 1) * 100


def bounded(
    function: Callable[[Decimal, Decimal], Decimal], before: Decimal, after: Decimal, before_range: Interval,
    after_range: Interval,
) -> Bounded:  # fmt: skip
    """A function of both figures, with its bounds over the ranges of both; open where a range is open."""
    with localcontext() as context:
        context.prec = 60
        value = _round(function(before, after))
        if not (before_range.bounded and after_range.bounded):
            return Bounded(value, None, None)
        found = corners(function, before_range, after_range)
    return Bounded(value, _round(found.low), _round(found.high))


def _log(before: Decimal, after: Decimal, before_range: Interval, after_range: Interval) -> Bounded:
    """Log ratio; none for an after of zero, open below where only the lower end is zero."""
    if after == 0:
        return Bounded(Decimal("-Infinity"), None, None)
    if after_range.low is not None and after_range.low == 0:
        after_range = Interval(None, after_range.high)
    return bounded(_log_ratio, before, after, before_range, after_range)


def _round(value: Decimal | None) -> Decimal:
    if value is None:
        raise ValueError("an open end cannot be rounded")
    with localcontext() as context:
        context.prec = 60
        rounded = value.quantize(Decimal(1).scaleb(-_DIGITS)).normalize()
        return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def interval(figure: Figure, step: Decimal, value: Decimal | None = None) -> Interval:
    """Bounds at a step, kept inside what the scale allows."""
    found = bounds(figure.value if value is None else value, figure.quantifier, step, figure.value_hi)
    low, high = found.low, found.high
    if figure.indicator.scale == "share":
        high = min(high, Decimal(100)) if high is not None else Decimal(100)
    if low is not None:
        low = max(low, Decimal(0))
    return Interval(low, high)


def wider_step(figure: Figure) -> Decimal | None:
    """One rounding step coarser, where the trailing zeros allow it and the figure stays above zero."""
    wider = coarser_step(figure.value, figure.step)
    return None if wider is None or interval(figure, wider).low == 0 else wider


def _ways(figure: Figure) -> list[tuple[str, Decimal, Decimal]]:
    """Ways to read one figure: (id, value, step), as printed first."""
    ways = [("printed", figure.value, figure.step)]
    wider = wider_step(figure)
    if wider is not None:
        ways.append(("coarser", figure.value, wider))
    ways += [(name, value, figure.step) for name, value in figure.readings]
    return ways


def _readings(pair: Pair) -> tuple[Reading, ...]:
    found = []
    for (first, value_b, step_b), (second, value_a, step_a) in product(_ways(pair.before), _ways(pair.after)):
        low, high = interval(pair.before, step_b, value_b), interval(pair.after, step_a, value_a)
        labels = [
            way_label(figure, name, value, step)
            for figure, name, value, step in ((pair.before, first, value_b, step_b), (pair.after, second, value_a, step_a))
        ]
        label = say("reading.both", before=labels[0], after=labels[1])
        found.append(
            Reading(
                f"{first}_{second}",
                label,
                low,
                high,
                bounded(percent, value_b, value_a, low, high),
                bounded(_difference, value_b, value_a, low, high),
            )
        )
    return tuple(found)


def way_label(figure: Figure, name: str, value: Decimal, step: Decimal) -> dict[str, object]:
    """How a figure is read, in words."""
    shown = number(value, ref=f"figure:{figure.id}")
    if name not in ("printed", "coarser"):
        return say("reading.other", value=shown, name=name)
    if step == 0:
        return say("reading.exact", value=shown)
    return say("reading.step", value=shown, step=number(step, ref=f"figure:{figure.id}"))


def no_break_even(pair: Pair) -> dict[str, object] | None:
    """Why a pair has no break-even trend, or None where it has one."""
    if pair.indicator.nature not in ("process", "outcome"):
        return say("break_even.rule_count")
    return say("break_even.zero") if pair.after.value == 0 else None


def stated_years(pair: Pair) -> int | None:
    """Years between the printed dates, or None where the horizon has to be assumed."""
    return pair.years if pair.years is not None and pair.years > 0 else None


def _break_even(pair: Pair, years: int, share: bool) -> tuple[tuple[TrendPoint, ...], dict[str, object] | None]:
    """Grid of secular trends that alone would give the change; a reason where there is none."""
    reason = no_break_even(pair)
    if reason is not None:
        return (), reason
    dated = stated_years(pair)
    if dated is not None:
        return (TrendPoint(dated, _trend(pair, dated, share), "stated"),), None
    grid = sorted({*range(1, _GRID + 1), years})
    return tuple(TrendPoint(k, _trend(pair, k, share), "grid") for k in grid), None


def _trend(pair: Pair, years: int, share: bool) -> Decimal:
    before, after = pair.before.value, pair.after.value
    if share:
        return _round((after - before) / years)
    with localcontext() as context:
        context.prec = 60
        return _round(compound(before, after, years))
