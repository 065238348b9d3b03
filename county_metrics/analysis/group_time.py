"""Effects by start and period where treatment starts at different times (Callaway and Sant'Anna), and their averages."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.clustered import Spread, estimate, places, pre_trend, spread
from county_metrics.analysis.effect import AnalysisError, Estimate
from county_metrics.analysis.panel import Array, Panel, library_notes
from county_metrics.present.number import number
from county_metrics.present.panel_plot import event_block
from county_metrics.present.wording import say

Comparison = Literal["never_treated", "not_yet_treated"]
Method = Literal["reg", "dr", "ipw"]
Base = Literal["varying", "universal"]
Aggregate = Literal["simple", "dynamic", "group", "calendar", "group_time"]


@dataclass(frozen=True)
class Averages:
    """Averages of cells: values, influence of clusters, and the clusters behind each."""

    name: tuple[float, ...]
    value: Array
    influence: Array
    sides: tuple[tuple[int, int], ...]

    def pick(self, which: Sequence[int]) -> Self:
        """Some of the averages."""
        kept, sides = list(which), tuple(self.sides[place] for place in which)
        return replace(
            self, name=tuple(self.name[i] for i in which), value=self.value[kept], influence=self.influence[:, kept], sides=sides
        )

    def mean(self, which: Sequence[int]) -> Averages:
        """Their mean, each weighing the same; as few clusters stand behind it as behind the weakest."""
        some = self.pick(which)
        sides = (min(side[0] for side in some.sides), min(side[1] for side in some.sides))
        return Averages((0.0,), some.value.mean(keepdims=True), some.influence.mean(axis=1, keepdims=True), (sides,))


@dataclass(frozen=True)
class Cells:
    """Effects by start and period with the influence of each unit.

    Attributes
    ----------
    start, period, effect : array, one a cell
        Positions on the panel's grid; the mean effect on units that start then, in that period.
    influence : array, units by cells
    """

    panel: Panel
    start: Array
    period: Array
    effect: Array
    influence: Array
    notes: tuple[dict[str, Any], ...]

    def average(self, groups: dict[float, Array], *, equal: bool = False) -> Averages:
        """Averages of cells, by the size of their starts or equal; each group is an array of places of cells."""
        weight = np.zeros(len(self.panel.units))
        weight[self.panel.unit] = self.panel.weight
        member = (self.panel.start[:, None] == self.start) * (weight / weight.mean())[:, None]
        values, influences, sides = [], [], []
        for places_ in groups.values():
            share = np.ones(len(places_)) if equal else member[:, places_].mean(axis=0)
            value = float(share @ self.effect[places_] / share.sum())
            own = self.influence[:, places_] @ share / share.sum()
            if not equal:
                own += (member[:, places_] - share) @ (self.effect[places_] - value) / (share.sum() * len(weight))
            values.append(value)
            influences.append(_by_cluster(self.panel, own))
            used = (self.influence[:, places_] != 0).any(axis=1)
            treats = np.isin(self.panel.start, self.start[places_])
            sides.append((_clusters(self.panel, treats), _clusters(self.panel, used & ~treats)))
        return Averages(tuple(groups), np.array(values), np.column_stack(influences), tuple(sides))

    def groups(self, by: Callable[[float, float], float], *, after: bool = True) -> dict[float, Array]:
        """Places of cells by a key of their start and period; only those after the start unless told otherwise."""
        keys = np.array([by(start, period) for start, period in zip(self.start, self.period, strict=True)])
        kept = (self.period >= self.start) | (not after)
        return {float(key): np.flatnonzero(kept & (keys == key)) for key in np.unique(keys[kept])}


def _clusters(panel: Panel, units: Array) -> int:
    return len(np.unique(panel.cluster[units]))


def _by_cluster(panel: Panel, influence: Array) -> Array:
    """Summed over clusters, and scaled for few of them where they hold several units."""
    groups = int(panel.cluster.max()) + 1
    scale = 1.0 if groups == len(panel.units) else groups / max(groups - 1, 1)
    return np.asarray(np.bincount(panel.cluster, influence, minlength=groups) * np.sqrt(scale))


def fit_cells(panel: Panel, comparison: Comparison, method: Method, base: Base) -> Cells:
    """Effects by start and period from diff-diff; its warnings become notes.

    Raises
    ------
    AnalysisError
        Without never-treated units if they are to be compared with, or if weights differ within a unit.
    """
    from diff_diff import CallawaySantAnna, SurveyDesign

    if comparison == "never_treated" and panel.treated.all():
        raise AnalysisError("no unit is never treated; compare with units treated later: comparison='not_yet_treated'")
    first = np.unique(panel.unit, return_index=True)[1]
    if not np.allclose(panel.weight, panel.weight[first][panel.unit]):
        raise AnalysisError("weights must be fixed within units here; use the weight of the first period for all")
    start = np.where(panel.treated, panel.start + 1, 0)[panel.unit]
    frame = pd.DataFrame({"y": panel.outcome, "unit": panel.unit, "time": panel.period + 1, "start": start, "w": panel.weight})
    names = [f"x{place}" for place in range(panel.covariates.shape[1])]
    frame[names] = panel.covariates
    estimator = CallawaySantAnna(control_group=comparison, estimation_method=method, base_period=base)
    design = SurveyDesign(weights="w") if panel.weighted else None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fitted = estimator.fit(frame, "y", "unit", "time", "start", covariates=names or None, survey_design=design)
    known = {key: cell for key, cell in fitted.group_time_effects.items() if np.isfinite(cell["effect"])}
    influence = np.zeros((len(panel.units), len(known)))
    for place, key in enumerate(known):
        if part := fitted._aggregation_kit.influence.get(key):
            influence[part["treated_idx"], place] = part["treated_inf"]
            influence[part["control_idx"], place] = part["control_inf"]
    notes = library_notes(said)
    notes += [
        say("staggered.no_cells", start=panel.grid.label(g - 1), period=panel.grid.label(t - 1), reason=str(cell["skip_reason"]))
        for (g, t), cell in fitted.group_time_effects.items()
        if (g, t) not in known
    ]
    starts, periods = (np.array([key[side] - 1 for key in known], dtype=float) for side in (0, 1))
    effect = np.array([cell["effect"] for cell in known.values()])
    return Cells(panel, starts, periods, effect, influence, tuple(notes))


def overall(cells: Cells, parts: tuple[Averages, Averages, Averages]) -> dict[str, Averages]:
    """The four averages over everything, by name."""
    event, start, calendar = parts
    late = [place for place, e in enumerate(event.name) if e >= 0]
    sizes = cells.average({0.0: np.flatnonzero(cells.period >= cells.start)})
    return {
        "simple": sizes,
        "dynamic": event.mean(late),
        "group": _by_size(cells, start),
        "calendar": calendar.mean(range(len(calendar.name))),
    }


def parts_of(cells: Cells) -> tuple[Averages, Averages, Averages]:
    """Averages by period from the start, by start and by calendar period."""
    return (
        cells.average(cells.groups(lambda start, period: period - start, after=False)),
        cells.average(cells.groups(lambda start, period: start), equal=True),
        cells.average(cells.groups(lambda start, period: period)),
    )


def _by_size(cells: Cells, parts: Averages) -> Averages:
    """Average over starts by their size, the sizes being estimated too."""
    panel, names = cells.panel, np.array(parts.name)
    weight = np.zeros(len(panel.units))
    weight[panel.unit] = panel.weight
    member = (panel.start[:, None] == names) * (weight / weight.mean())[:, None]
    share = member.mean(axis=0)
    value = float(share @ parts.value / share.sum())
    sizes = (member - share) @ (parts.value - value) / (share.sum() * len(weight))
    influence = parts.influence @ share / share.sum() + _by_cluster(panel, sizes)
    sides = (sum(side[0] for side in parts.sides), min(side[1] for side in parts.sides))
    return Averages((0.0,), np.array([value]), influence[:, None], (sides,))


def spread_of(panel: Panel, parts: Averages) -> Spread:
    """Covariance of averages."""
    return spread(panel, parts.influence)


def estimates_of(panel: Panel, parts: Averages, level: float, names: list[tuple[str, dict[str, Any]]]) -> list[Estimate]:
    """The averages as estimates with ids and labels; a reference that is 0 by design has no error."""
    found, listed = spread_of(panel, parts), []
    for place, (term, label) in enumerate(names):
        value = float(parts.value[place])
        if not parts.influence[:, place].any():
            listed.append(Estimate(term, label, value, unit=panel.measure))
            continue
        listed.append(estimate(term, label, value, found, place, level=level, unit=panel.measure, sides=parts.sides[place]))
    return listed


def cell_table(cells: Cells, level: float) -> pd.DataFrame:
    """One row a start and period: effect, error, interval, missing where withheld."""
    every = cells.average({float(place): np.array([place]) for place in range(len(cells.effect))}, equal=True)
    label = cells.panel.grid.label
    rows = estimates_of(cells.panel, every, level, [("cell", {})] * len(cells.effect))
    table = pd.DataFrame(
        {
            "start": [label(start) for start in cells.start],
            "period": [label(period) for period in cells.period],
            "event_time": (cells.period - cells.start).astype(int),
            "treated_clusters": [side[0] for side in every.sides],
        }
    )
    for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
        table[name] = [getattr(row, name) for row in rows]
    return table.astype(dict.fromkeys(("std_error", "conf_low", "conf_high", "p_value"), float))


def band(found: Spread, parts: Averages, level: float, draws: int, seed: int) -> float:
    """Critical value of a simultaneous band, by a multiplier bootstrap over clusters."""
    error = np.sqrt(np.diag(found.covariance))
    kept = error > 0
    signs = np.random.default_rng(seed).integers(0, 2, (draws, parts.influence.shape[0])) * 2.0 - 1.0
    return float(np.quantile(np.abs(signs @ (parts.influence[:, kept] / error[kept])).max(axis=1), level))


def lead_check(panel: Panel, events: Averages, *, reference: int, universal: bool) -> CheckResult:
    """Joint test of the leads that tells the slope it could have found; it never passes."""
    found, label = spread_of(panel, events), say("panel_check.pre_trend")
    place = [i for i, event in enumerate(events.name) if event < 0 and events.influence[:, i].any()]
    if not place:
        return CheckResult("pre_trend", None, label, say("panel_check.pre_trend_none"))
    run = np.array([events.name[i] - reference if universal else 1.0 for i in place])
    bearable = min(min(events.sides[i]) for i in place) >= 10
    test = pre_trend(events.value[place], run, found.covariance[np.ix_(place, place)], float(found.freedom[place].min()))
    if test is None or not bearable:
        leads = number(len(place), ref="result:leads")
        return CheckResult("pre_trend", None, label, say("panel_check.pre_trend_withheld", leads=leads))
    after = [event - reference for event in events.name if event >= 0]
    slots = {"statistic": test.statistic, "slope": test.slope, "bias": test.slope * float(np.mean(after))}
    shown = {name: number(f"{value:.9g}", ref=f"result:pre_trend_{name}", places=places(value)) for name, value in slots.items()}
    p_value = number(f"{test.p_value:.6f}", ref="result:pre_trend_p_value", places=3)
    text = say("panel_check.pre_trend_text", p_value=p_value, power=number("0.8", ref="constant:power"), **shown)
    return CheckResult("pre_trend", False if test.p_value < 0.05 else None, label, text)


def events_plot(
    rows: list[Estimate], events: Sequence[float], outcome: str, panel: Panel, reference: int | None
) -> dict[str, Any]:
    """Plot block of effects by period from the start."""
    drawn = [
        {"event": int(e), "value": row.estimate, "low": row.conf_low, "high": row.conf_high, "reference": int(e) == reference}
        for e, row in zip(events, rows, strict=True)
    ]
    return event_block("event_study", outcome, panel.measure, drawn, simulated=panel.simulated)


def event_label(event: float) -> dict[str, Any]:
    """Label of a period from the start."""
    return say("event_study.period", event=number(int(event), ref="result:event_time"))


def signed(event: float) -> str:
    """Event time for a term: m2 for two before.

    Examples
    --------
    >>> signed(-2), signed(3)
    ('m2', '3')
    """
    return f"m{-int(event)}" if event < 0 else str(int(event))
