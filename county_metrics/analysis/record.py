"""The record of a run: its typed results, kept in the notebook's own output where every tool can find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from county_metrics.analysis.arguments import instance, require, whole
from county_metrics.analysis.design import designs
from county_metrics.analysis.effect import EffectResult, effect_number, p_number, plain_value
from county_metrics.analysis.result import Bounded, ChangeResult
from county_metrics.analysis.show import bracket, headline, main_measure
from county_metrics.analysis.specification import Specification
from county_metrics.evidence.bounds import Interval
from county_metrics.evidence.card import figure_number
from county_metrics.evidence.case import Case
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, join, say


@dataclass(frozen=True, slots=True)
class Record(payload.Shown):
    """Results of a run, one row each: name, value, unit, low, high, provenance."""

    rows: tuple[dict[str, Any], ...]
    card: dict[str, Any]

    def payload(self) -> dict[str, Any]:
        """Results block: the rows and the table that shows them."""
        columns = [
            column("name", say("results.name")),
            column("value", say("results.value"), numeric=True),
            column("bounds", say("results.bounds"), numeric=True),
            column("unit", say("results.unit")),
        ]
        shown = []
        for row in self.rows:
            ref = f"result:{row['name']}"
            bounds: Any = say("number.none")
            if row["low"] is not None and row["high"] is not None:
                bounds = say(
                    "number.bracket", low=number(row["low"], ref=ref, places=3), high=number(row["high"], ref=ref, places=3)
                )
            value = number(row["value"], ref=ref, places=3)
            if row["name"].endswith("_p_value"):
                value = p_number(float(row["value"]), ref)
            shown.append([both(row["name"], row["name"]), value, bounds, both(row["unit"], row["unit"])])
        return payload.results(list(self.rows), self.card, payload.table("results", say("results.caption"), columns, shown))


def record(result: ChangeResult | Specification | EffectResult, case: Case | None = None, **counts: int) -> Record:
    """Typed results of an analysis, for the run's ``results.json`` and the table over all runs.

    Parameters
    ----------
    result : ChangeResult, Specification or EffectResult
    case : Case, optional
        Where the data of an `EffectResult` come from, for the overview.
    **counts : int
        Further whole numbers to keep, by name.

    Returns
    -------
    Record
        Shown as the last output of a notebook; the runner reads it from there.
    """
    require(
        instance("result", result, (ChangeResult, Specification, EffectResult), "what an analysis returned"),
        "" if case is None else instance("case", case, Case, "what load_case returned, or None"),
        *(whole(name, count, example=30) for name, count in counts.items()),
    )
    if isinstance(result, EffectResult):
        rows = _effect_rows(result) + [result_row(name, value, "count", result.method) for name, value in counts.items()]
        return Record(tuple(rows), _effect_card(result, case))
    one = isinstance(result, Specification)
    source = f"{'specification' if one else 'endpoint_change'}({result.pair.case}, {result.pair.id})"
    rows = _specification_rows(result, source) if isinstance(result, Specification) else _change_rows(result, source)
    rows += [result_row(name, value, "count", source) for name, value in counts.items()]
    return Record(tuple(rows), _card(result))


def _change_rows(result: ChangeResult, source: str) -> list[dict[str, Any]]:
    pair = result.pair
    units = {
        "absolute_change": pair.before.unit.id,
        "percent_change": "percent",
        "percentage_points": "percentage_point",
        "ratio": "ratio",
        "log_ratio": "log",
    }
    rows = [_bounded_row(f.role, f.value, f.bounds, f.unit.id, f"figure:{f.id}") for f in (pair.before, pair.after)]
    measured = [(name, getattr(result, name), unit) for name, unit in units.items()]
    rows += [_bounded_row(n, b.value, b, unit, source) for n, b, unit in measured if b is not None and b.value.is_finite()]
    main = main_measure(result)
    changes = [(f"reading_{reading.id}", reading.change(main)) for reading in result.readings]
    rows += [_bounded_row(name, change.value, change, units[main], source) for name, change in changes]
    per_year = "percent_a_year" if result.break_even_unit == "percent" else "percentage_point_a_year"
    rows += [result_row(f"break_even_{p.years}", p.trend, per_year, source) for p in result.break_even]
    return [*rows, result_row("readings", len(result.readings), "count", source)]


def _specification_rows(result: Specification, source: str) -> list[dict[str, Any]]:
    measured = [("break_even", result.break_even, "percent_a_year"), ("percent_change", result.percent_change, "percent")]
    rows = [_bounded_row(name, found.value, found, unit, source) for name, found, unit in measured]
    return [*rows, result_row("years", result.years, "year", source)]


def _effect_rows(result: EffectResult) -> list[dict[str, Any]]:
    rows = []
    for found in result.estimates:
        low, high = (None if end is None else plain_value(end) for end in (found.conf_low, found.conf_high))
        rows.append(result_row(found.term, plain_value(found.estimate), found.unit or "number", result.method, low, high))
        for name in ("std_error", "p_value"):
            value = getattr(found, name)
            if value is not None:
                rows.append(result_row(f"{found.term}_{name}", plain_value(value), "number", result.method))
    return rows + [result_row(f"n_{name}", count, "count", result.method) for name, count in result.counts.items()]


def _effect_card(result: EffectResult, case: Case | None) -> dict[str, Any]:
    """What an overview shows of an estimate: place, estimand, headline with its interval."""
    found = result.headline
    interval: Any = found.withheld or say("number.none")
    if found.conf_low is not None and found.conf_high is not None:
        interval = say("number.bracket", low=effect_number(found, "conf_low"), high=effect_number(found, "conf_high"))
    stamp = say("effect.simulated_short") if result.simulated else both("", "")
    return {
        "place": stamp if case is None or result.simulated else both(**case.name),
        "title": result.estimand,
        "nature": "estimate",
        "design": designs()[result.design].notation,
        "grade": [],
        "headline": join([found.label, effect_number(found, "estimate")], both(": ", "：")),
        "bounds": interval,
    }


def _bounded_row(name: str, value: Any, bounds: Bounded | Interval, unit: str, provenance: str) -> dict[str, Any]:
    return result_row(name, value, unit, provenance, bounds.low, bounds.high)


def result_row(name: str, value: Any, unit: str, provenance: str, low: Any = None, high: Any = None) -> dict[str, Any]:
    """One typed result: exact decimals as text, ends that are open or do not exist as None."""
    ends = {"low": None if low is None else str(low), "high": None if high is None else str(high)}
    return {"name": name, "value": str(value), **ends, "unit": unit, "provenance": provenance}


def _card(result: ChangeResult | Specification) -> dict[str, Any]:
    """What an overview shows of the run: place, indicator, headline with bounds, evidence grade."""
    pair = result.pair
    card = {
        "place": both(**pair.case_name),
        "title": both(**pair.indicator.label),
        "nature": pair.indicator.nature,
        "design": designs()[pair.design].notation,
        "grade": [{"label": say(f"grade.{item.id}"), "passed": item.passed} for item in pair.grade],
    }
    if isinstance(result, Specification):
        found = bracket("break_even", result.break_even, 1, signed=True)
        return card | {"headline": say("specification.headline", trend=result.trend), "bounds": found}
    main = main_measure(result)
    change = bracket(main, getattr(result, main), 1, signed=True)
    from_to = say("card.from_to", before=figure_number(pair.before), after=figure_number(pair.after))
    return card | {"from_to": from_to, "headline": headline(result), "bounds": change}
