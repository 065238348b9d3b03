"""Event study, and averages where treatment starts at different times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from county_metrics.analysis.arguments import choice, share, whole
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import AnalysisError, EffectResult
from county_metrics.analysis.group_time import (
    Aggregate,
    Averages,
    Base,
    Cells,
    Comparison,
    Method,
    band,
    cell_table,
    estimates_of,
    event_label,
    events_plot,
    fit_cells,
    lead_check,
    overall,
    parts_of,
    signed,
    spread_of,
)
from county_metrics.analysis.panel import Array, Panel, read_panel
from county_metrics.analysis.randomisation import SEED, assignments, randomisation_checks
from county_metrics.analysis.within import fit_within
from county_metrics.present.number import number
from county_metrics.present.wording import say

_DRAWS = 9999
_OVERALL = ("simple", "dynamic", "group", "calendar")


def event_study(
    data: pd.DataFrame, *, outcome: str, unit: str, period: str, treatment_start: str | None = None, treated: str | None = None,
    post: str | None = None, intervention_time: Any = None, comparison: Comparison = "never_treated", reference: int = -1,
    leads: int | None = None, lags: int | None = None, weights: str | None = None, cluster: str | None = None,
    covariates: Sequence[str] = (), log: bool = False, balanced: bool = False, cross_sections: bool = False, level: float = 0.95,
) -> EffectResult:  # fmt: skip
    """Effects by period from the start, before and after it, with a test of the leads that never passes.

    Parameters
    ----------
    data, outcome, unit, period, treatment_start, treated, post, intervention_time
        As for `difference_in_differences`.
    weights, cluster, covariates, log, balanced, cross_sections
        As for `difference_in_differences`.
    comparison : {"never_treated", "not_yet_treated"}
        Whom each start is compared with, where starts differ.
    reference : int
        Period from the start that the others are measured against.
    leads, lags : int, optional
        Periods before and after the start that have a coefficient of their own; those farther out are pooled into the last one.
        Where starts differ they are left out of the rows instead.
    level : float
        Confidence of the intervals.

    Returns
    -------
    EffectResult
        Headline: mean of the periods after the start. One start: least squares with effects of units and periods. Starts that
        differ: Callaway and Sant'Anna's estimator with a universal base period, since least squares would compare with units
        already treated.

    Raises
    ------
    AnalysisError
        For a faulty panel, all faults at once, or a reference that is not a period before the start.

    Notes
    -----
    **Estimand.** Mean effect on the treated by period from the start.
    **Assumptions.** Parallel trends without the reform; no anticipation after the reference period; no spill-over.
    **Not for.** Proving parallel trends: the check says how steep a difference in trend would have gone unseen.
    """
    numbers = (
        whole("reference", reference, example=-1),
        whole("leads", leads, least=1, example=3, optional=True),
        whole("lags", lags, least=0, example=3, optional=True),
    )
    panel = read_panel(
        data, outcome=outcome, unit=unit, period=period, treatment_start=treatment_start, treated=treated, post=post,
        intervention_time=intervention_time, weights=weights, cluster=cluster, covariates=covariates, log=log,
        balanced=balanced, cross_sections=cross_sections,
        wrong=(share("level", level), choice("comparison", comparison, Comparison), *numbers),
    )  # fmt: skip
    if len(panel.starts) == 1:
        events, settings = _least_squares(panel, reference, leads, lags)
        checks = [lead_check(panel, events, reference=reference, universal=True)]
    else:
        if reference != -1 or cross_sections:
            raise AnalysisError("where starts differ the reference is -1, and every unit has one row a period")
        cells = fit_cells(panel, comparison, "dr", "universal")
        events, settings = parts_of(cells)[0], {"estimator": "callaway_santanna", "comparison": comparison}
        checks = [lead_check(panel, events, reference=-1, universal=True)]
        kept = [i for i, e in enumerate(events.name) if -(leads or np.inf) <= e <= (np.inf if lags is None else lags)]
        events = events.pick(kept)
        panel = _noted(panel, (say(f"staggered.comparison_{comparison}"), *cells.notes))
    return _event_result(panel, events, outcome, settings | {"reference": reference}, checks, level)


def _noted(panel: Panel, notes: tuple[dict[str, Any], ...]) -> Panel:
    return replace(panel, notes=(*panel.notes, *notes))


def _least_squares(panel: Panel, reference: int, leads: int | None, lags: int | None) -> tuple[Averages, dict[str, Any]]:
    """Effects by period from the start with effects of units and periods; the reference is 0 by design."""
    event = panel.period - panel.start[panel.unit]
    shown = np.clip(event, -np.inf if leads is None else -leads, np.inf if lags is None else lags)
    present = np.unique(shown[np.isfinite(event)]).astype(int)
    if reference >= 0 or reference not in present or len(present) < 2:
        raise AnalysisError(
            f"the reference must be a period before the start that some treated unit has: {present[present < 0].tolist()}"
        )
    free = present[present != reference]
    rows = np.flatnonzero(np.isfinite(event) & (shown != reference))
    columns = np.searchsorted(free, shown[rows])
    fit = fit_within(panel, sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(event), len(free))))
    place = int(np.searchsorted(free, reference))
    value, influence = np.insert(fit.coefficient, place, 0.0), np.insert(fit.influence * np.sqrt(fit.scale), place, 0.0, axis=1)
    sides = [_behind(panel, shown == e) for e in present]
    settings = {"estimator": "two_way_fixed_effects", "leads_pooled": leads, "lags_pooled": lags}
    return Averages(tuple(present.astype(float)), value, influence, tuple(sides)), settings


def _behind(panel: Panel, rows: Array) -> tuple[int, int]:
    return len(np.unique(panel.cluster[panel.unit[rows]])), panel.sides()[1]


def _event_result(
    panel: Panel, events: Averages, outcome: str, settings: dict[str, Any], checks: list[CheckResult], level: float
) -> EffectResult:
    late = [place for place, e in enumerate(events.name) if e >= 0]
    found = estimates_of(panel, events, level, [(f"event_{signed(e)}", event_label(e)) for e in events.name])
    average = estimates_of(panel, events.mean(late), level, [("average", say("event_study.average"))])
    if not average[0].std_error and (others := assignments(panel, _DRAWS, SEED)):
        checks += randomisation_checks(others, panel.measure)
    names = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
    table = pd.DataFrame([{name: getattr(row, name) for name in names} for row in found]).astype(float)
    table.insert(0, "event_time", [int(e) for e in events.name])
    return EffectResult(
        method="event_study", design="panel", estimand=say("event_study.estimand"), estimates=(*average, *found),
        counts=panel.counts, settings=settings, assumptions=(say("panel.parallel"), say("panel.no_anticipation")),
        notes=(say("event_study.reference", event=number(settings["reference"], ref="param:reference")), *panel.notes),
        checks=tuple(checks), data=table, plots=(events_plot(found, events.name, outcome, panel, settings["reference"]),),
        level=level, simulated=panel.simulated,
    )  # fmt: skip


def staggered_adoption(
    data: pd.DataFrame, *, outcome: str, unit: str, period: str, treatment_start: str | None = None, treated: str | None = None,
    comparison: Comparison = "never_treated", covariates: Sequence[str] = (), method: Method = "dr",
    base_period: Base = "varying", aggregate: Aggregate = "simple", weights: str | None = None, cluster: str | None = None,
    log: bool = False, balanced: bool = False, draws: int = 0, seed: int = SEED, level: float = 0.95,
) -> EffectResult:  # fmt: skip
    """Effects where treatment starts at different times: Callaway and Sant'Anna's estimator, by diff-diff.

    Parameters
    ----------
    data : pandas.DataFrame
        Tidy: one row a unit and period; it may be unbalanced.
    outcome, unit, period, treatment_start, weights, cluster, log, balanced
        As for `difference_in_differences`; weights are fixed within units.
    treated : str, optional
        Instead of `treatment_start`: column of 0 and 1, the state of treatment.
    comparison : {"never_treated", "not_yet_treated"}
        Whom the treated are compared with.
    covariates : sequence of str
        Trends are parallel given their values in the base period.
    method : {"dr", "reg", "ipw"}
        Doubly robust, outcome regression, inverse probability weighting; the same without covariates.
    base_period : {"varying", "universal"}
        Before the start, compare with the period before, or always with the last period before the start.
    aggregate : {"simple", "dynamic", "group", "calendar", "group_time"}
        The headline and the rows below it: over all treated units and periods (rows by period from the start), over periods from
        the start, over starts, over calendar periods, or every start and period.
    draws, seed : int
        Multiplier-bootstrap draws for a simultaneous band over periods from the start (0: none).
    level : float
        Confidence of the intervals.

    Returns
    -------
    EffectResult
        `data`: one row a start and period. What rests on fewer than 10 treated or comparison clusters has no error.

    Raises
    ------
    AnalysisError
        For a faulty panel, all faults at once.

    Notes
    -----
    **Estimand.** Mean effect on treated units, by start and period, and averages of these.
    **Assumptions.** Parallel trends (given covariates) between each start and its comparison; no anticipation; treatment stays.
    **Not for.** Treatment that ends, or starts that respond to the outcome.
    """
    choices = (
        choice("comparison", comparison, Comparison),
        choice("method", method, Method),
        choice("base_period", base_period, Base),
        choice("aggregate", aggregate, Aggregate),
    )
    numbers = (whole("draws", draws, least=0, example=9999), whole("seed", seed, least=0, example=SEED))
    panel = read_panel(
        data, outcome=outcome, unit=unit, period=period, treatment_start=treatment_start, treated=treated, weights=weights,
        cluster=cluster, covariates=covariates, log=log, balanced=balanced, wrong=(share("level", level), *choices, *numbers),
    )  # fmt: skip
    cells = fit_cells(panel, comparison, method, base_period)
    return staggered_result(cells, outcome, aggregate, (comparison, method, base_period), level, draws, seed)


def staggered_result(
    cells: Cells, outcome: str, aggregate: Aggregate, how: tuple[str, str, Base], level: float, draws: int = 0, seed: int = SEED
) -> EffectResult:
    """Result of fitted cells: headline, other averages, the rows asked for, pre-trends, plot."""
    panel, parts = cells.panel, parts_of(cells)
    (event, start, calendar), whole = parts, overall(cells, parts)
    order = sorted(_OVERALL, key=lambda name: name != aggregate)
    found = [estimates_of(panel, whole[name], level, [(name, say(f"staggered.{name}"))])[0] for name in order]
    events = estimates_of(panel, event, level, [(f"event_{signed(e)}", event_label(e)) for e in event.name])
    table = cell_table(cells, level)
    if aggregate in ("simple", "dynamic"):
        found += events
    elif aggregate == "group":
        names = [panel.grid.label(g) for g in start.name]
        found += estimates_of(panel, start, level, [(_term("group", n), say("staggered.group_one", start=n)) for n in names])
    elif aggregate == "calendar":
        names = [panel.grid.label(t) for t in calendar.name]
        found += estimates_of(
            panel, calendar, level, [(_term("calendar", n), say("staggered.calendar_one", period=n)) for n in names]
        )
    else:
        every = cells.average({float(place): np.array([place]) for place in range(len(cells.effect))}, equal=True)
        pairs = [(panel.grid.label(g), panel.grid.label(t)) for g, t in zip(cells.start, cells.period, strict=True)]
        found += estimates_of(
            panel, every, level, [(_term("att", g, t), say("staggered.cell", start=g, period=t)) for g, t in pairs]
        )
    settings: dict[str, Any] = {"comparison": how[0], "method": how[1], "base_period": how[2], "aggregate": aggregate}
    if draws:
        settings |= {
            "draws": draws,
            "seed": seed,
            "band_critical_value": band(spread_of(panel, event), event, level, draws, seed),
        }
    checks = [lead_check(panel, event, reference=-1, universal=how[2] == "universal")]
    if not spread_of(panel, event).bearable and (others := assignments(panel, _DRAWS, seed)):
        checks += randomisation_checks(others, panel.measure)
    return EffectResult(
        method="staggered_adoption", design="panel", estimand=say("staggered.estimand"), estimates=tuple(found),
        counts=panel.counts, settings=settings, assumptions=(say("panel.parallel"), say("panel.no_anticipation")),
        notes=(say(f"staggered.comparison_{how[0]}"), say(f"staggered.method_{how[1]}"), *panel.notes, *cells.notes),
        checks=tuple(checks), data=table,
        plots=(events_plot(events, event.name, outcome, panel, None if how[2] == "varying" else -1),), level=level,
        simulated=panel.simulated,
    )  # fmt: skip


def _term(*parts: str) -> str:
    return "_".join(parts).replace("-", "_").lower()
