"""Synthetic control from outcomes alone, with placebo ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from county_metrics.analysis import arguments
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.clustered import places
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate, own_label
from county_metrics.analysis.panel import Array, Panel, read_panel
from county_metrics.present.number import number
from county_metrics.present.panel_plot import line, paths_block
from county_metrics.present.wording import join, say

LEAST_DONORS = 19
"""Donors below which no p-value is given: with 19 the smallest is 0.05."""
_RIDGE = 1e-9
_SHOWN = 1e-3


def simplex_weights(target: Array, donors: Array) -> Array:
    """Weights, none negative and summing to 1, whose mean of the donors (periods by donors) comes closest to the target.

    The point of a convex hull nearest to another is one non-negative least squares problem, so there is no step size,
    start or tolerance. A ridge of a billionth picks the most even weights where several fit the same.

    Examples
    --------
    >>> simplex_weights(np.array([1.0, 2.0]), np.array([[0.0, 2.0, 9.0], [0.0, 4.0, 9.0]])).round(3)
    array([0.5, 0.5, 0. ])
    """
    apart = donors - target[:, None]
    size = float(np.sqrt(np.square(apart).mean())) or 1.0
    rows = [apart / size, np.sqrt(_RIDGE) * np.eye(donors.shape[1]), np.ones((1, donors.shape[1]))]
    found, _ = nnls(np.vstack(rows), np.append(np.zeros(len(target) + donors.shape[1]), 1.0))
    return np.asarray(found / found.sum())


@dataclass(frozen=True)
class Synthetic:
    """A unit beside the weighted mean of its donors; `before` marks the periods that fix the weights."""

    weights: Array
    gap: Array
    before: Array

    @property
    def error_before(self) -> float:
        """Root mean squared gap before the start."""
        return float(np.sqrt(np.square(self.gap[self.before]).mean()))

    @property
    def error_after(self) -> float:
        """Root mean squared gap after the start."""
        return float(np.sqrt(np.square(self.gap[~self.before]).mean()))

    @property
    def ratio(self) -> float:
        """Error after by error before; infinite where the fit before is perfect."""
        return self.error_after / self.error_before if self.error_before > 0 else float("inf")

    @property
    def effect(self) -> float:
        """Mean gap after the start."""
        return float(self.gap[~self.before].mean())


def fit_synthetic(target: Array, donors: Array, before: Array) -> Synthetic:
    """Synthetic control of one unit: arrays of periods, and of periods by donors."""
    weights = simplex_weights(target[before], donors[before])
    return Synthetic(weights, target - donors @ weights, before)


def synthetic_control(
    data: pd.DataFrame, *, outcome: str, unit: str, period: str, treated: Any, intervention_time: Any,
    donors: Sequence[Any] | None = None, log: bool = False, balanced: bool = False,
) -> EffectResult:  # fmt: skip
    """One treated unit against a weighted mean of donors that followed it before the start.

    Parameters
    ----------
    data : pandas.DataFrame
        Tidy: one row a unit and period; every unit has every period.
    outcome, unit, period : str
        Columns; periods as for `difference_in_differences`.
    treated : label of a unit
    intervention_time : period
        First treated period.
    donors : sequence of labels, optional
        Units that may get weight; all others without it. Leave out those the reform reached.
    log : bool
        Take the natural logarithm of the outcome.
    balanced : bool
        Keep only units with every period.

    Returns
    -------
    EffectResult
        Headline: mean gap after the start; then the gap of each period. `settings["weights"]` by donor, `data` the paths. The
        p-value is the rank of the ratio of gaps after to before among the unit and its donors as placebos; none below 19 donors.
        Checks: fit before, placebo ranks, leave-one-out donors, placebo in time.

    Raises
    ------
    AnalysisError
        For a faulty panel, an unknown unit, fewer than two donors or two periods before the start.

    Notes
    -----
    **Estimand.** Effect on the one treated unit, by period and on average.
    **Assumptions.** The weighted donors would have gone on as the unit; no effect on donors; no other shock to the unit.
    **Not for.** A unit outside the range of its donors, or a poor fit before the start: read the fit first.
    """
    untimed = "intervention_time is the first treated period, not None"
    arguments.require(
        arguments.frame(data, "one row a unit and period"), *arguments.columns(outcome=outcome, unit=unit, period=period),
        untimed if intervention_time is None else "", arguments.several("donors", donors, "units", optional=True),
        *arguments.flags(log=log, balanced=balanced),
    )  # fmt: skip
    arguments.require(*arguments.absent(data, (outcome, unit, period)))
    others = [] if donors is None else list(donors)
    arguments.require(*arguments.unknown(data[unit], treated=[treated], donors=others))
    kept = data if donors is None else data[data[unit].isin([treated, *others])]
    panel = read_panel(
        kept.assign(**{_MARK: (kept[unit] == treated).astype(int)}), outcome=outcome, unit=unit, period=period, treated=_MARK,
        intervention_time=intervention_time, log=log, balanced=balanced, analysis="causal_effect",
    )  # fmt: skip
    table = balanced_table(panel)
    return _synthetic_result(panel, table, outcome, treated)


_MARK = "treated unit"


def balanced_table(panel: Panel) -> Array:
    """Outcomes, units by periods; refused where a cell is missing or too little comes before."""
    if (table := panel.wide()) is None:
        counted, periods = np.bincount(panel.unit), len(np.unique(panel.period))
        short = [str(panel.units[place]) for place in np.flatnonzero(counted < periods)]
        raise AnalysisError(
            f"every unit needs all {periods} periods; these miss some: {', '.join(short[:8])}; or pass balanced=True"
        )
    before = int((np.unique(panel.period) < panel.starts[0]).sum())
    if before < 2 or (~panel.treated).sum() < 2:
        raise AnalysisError(
            f"two periods before the start and two donors are needed; there are {before} and {(~panel.treated).sum()}"
        )
    return table


def _synthetic_result(panel: Panel, table: Array, outcome: str, treated: Any) -> EffectResult:
    periods, own_row = np.unique(panel.period), int(np.flatnonzero(panel.treated)[0])
    before, donors = periods < panel.starts[0], np.delete(table, own_row, 0).T
    target, names = table[own_row], [name for name, is_treated in zip(panel.units, panel.treated, strict=True) if not is_treated]
    found = fit_synthetic(target, donors, before)
    placebos = [fit_synthetic(donors[:, j], np.delete(donors, j, 1), before) for j in range(len(names))] if len(names) > 2 else []
    rank = 1 + sum(placebo.ratio >= found.ratio * (1 - 1e-9) for placebo in placebos)
    labels = [panel.grid.label(place) for place in periods]
    listed = {str(name): round(float(w), 6) for name, w in zip(names, found.weights, strict=True) if w > 1e-6}
    settings = {"first_treated_period": panel.grid.label(panel.starts[0]), "pre_rmspe": found.error_before, "weights": listed}
    return EffectResult(
        method="synthetic_control", design="panel", estimand=say("synthetic.estimand"),
        estimates=(_mean_gap(found, rank, target, len(names), panel.measure), *_gaps(found, labels, panel)), counts=panel.counts,
        settings=settings | {"post_pre_ratio": found.ratio, "rank": rank}, assumptions=(say("synthetic.assumption"),),
        notes=(say("synthetic.donor_weights"), *panel.notes), checks=_checks(found, target, donors, listed, (rank, panel)),
        data=pd.DataFrame({"period": labels, "treated": target, "synthetic": target - found.gap, "gap": found.gap}),
        plots=_plots(panel, found, target, [placebo.gap for placebo in placebos], outcome, treated), simulated=panel.simulated,
    )  # fmt: skip


def _mean_gap(found: Synthetic, rank: int, target: Array, donors: int, unit: str) -> Estimate:
    p_value = None
    if donors < LEAST_DONORS:
        shown = {"donors": number(donors, ref="result:n_controls"), "needed": number(LEAST_DONORS, ref="constant:least_donors")}
        why = say("synthetic.few_donors", least=number(f"{1 / (donors + 1):.6g}", ref="result:least_p", places=3), **shown)
    elif _perfect(found, target):
        why = say("synthetic.perfect")
    else:
        p_value, why = rank / (donors + 1), say("synthetic.no_error", count=number(donors + 1, ref="result:placebos"))
    label = say("synthetic.gap")
    return Estimate("mean_gap", label, found.effect, p_value=p_value, unit=unit, withheld=why, places=places(found.effect))


def _perfect(found: Synthetic, target: Array) -> bool:
    """Whether the fit before leaves nothing to compare gaps after with."""
    return found.error_before < 1e-4 * (float(np.std(target[found.before])) or 1.0)


def _gaps(found: Synthetic, labels: list[str], panel: Panel) -> list[Estimate]:
    shown = [(label, float(gap)) for label, gap, early in zip(labels, found.gap, found.before, strict=True) if not early]
    return [
        Estimate(_gap_term(label), say("synthetic.gap_one", period=label), gap, unit=panel.measure, places=places(gap))
        for label, gap in shown
    ]


def _gap_term(period: str) -> str:
    return f"gap_{period.replace('-', '_').lower()}"


def _shown(name: str, value: float) -> dict[str, Any]:
    return number(f"{value:.9g}", ref=f"result:{name}", places=places(value))


def _checks(
    found: Synthetic, target: Array, donors: Array, listed: dict[str, float], placed: tuple[int, Panel]
) -> tuple[CheckResult, ...]:
    (rank, panel), spread = placed, float(np.std(target[found.before]))
    heavy = [join([own_label(name), number(w, ref=f"result:weight_{name}", places=3)], " ") for name, w in _by_weight(listed)]
    fit = {"before": found.error_before, "spread": spread, "after": found.error_after}
    texts = {
        "fit": say("synthetic.fit_text", **{name: _shown(f"rmspe_{name}", value) for name, value in fit.items()}),
        "weights": say("synthetic.weights_text", listed=join(heavy, ", ")),
        "ranks": say(
            "synthetic.ranks_text", rank=number(rank, ref="result:rank"), count=number(donors.shape[1] + 1, ref="result:placebos")
        ),
        "backdated": _backdated(found, target, donors, panel),
    }
    checks = [CheckResult(name, None, say(f"synthetic.{name}"), text) for name, text in texts.items()]
    lone = [
        fit_synthetic(target, np.delete(donors, place, 1), found.before).effect
        for place in np.flatnonzero(found.weights > _SHOWN)
    ]
    if donors.shape[1] < 3:
        return tuple(checks)
    ends = {"low": _shown("leave_one_out_low", min(lone)), "high": _shown("leave_one_out_high", max(lone))}
    text = say("panel_check.leave_one_out_text", count=number(len(lone), ref="result:left_out"), **ends)
    same = all((effect > 0) == (found.effect > 0) for effect in lone)
    return (*checks, CheckResult("leave_one_out", same or None, say("panel_check.leave_one_out"), text))


def _by_weight(listed: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(((name, w) for name, w in listed.items() if w > _SHOWN), key=lambda pair: (-pair[1], pair[0]))[:10]


def _backdated(found: Synthetic, target: Array, donors: Array, panel: Panel) -> dict[str, Any]:
    """The same, as if treatment had started half-way through the periods before."""
    count = int(found.before.sum())
    if count < 4:
        return say("synthetic.backdated_none")
    early = fit_synthetic(target[:count], donors[:count], np.arange(count) < count // 2)
    start = panel.grid.label(np.unique(panel.period)[count // 2])
    return say("synthetic.backdated_text", period=start, gap=_shown("backdated_gap", early.effect))


def _plots(
    panel: Panel, found: Synthetic, target: Array, placebos: list[Array], outcome: str, treated: Any
) -> tuple[dict[str, Any], ...]:
    periods = np.unique(panel.period)
    ticks = [(float(place), panel.grid.label(place)) for place in periods]
    name, twin = own_label(str(treated)), say("synthetic.synthetic_unit")
    levels = [
        line(name, list(zip(periods, target, strict=True))),
        line(twin, list(zip(periods, target - found.gap, strict=True))),
    ]
    quiet = [line("", list(zip(periods, gap, strict=True)), quiet=True) for gap in placebos[:100]]
    gaps = [line(name, list(zip(periods, found.gap, strict=True))), *quiet]
    what, start, made_up = (outcome, panel.measure), panel.starts[0], panel.simulated
    return (
        paths_block("paths", "paths", *what, levels, ticks, start, simulated=made_up),
        paths_block("gap", "gap", *what, gaps, ticks, start, simulated=made_up),
    )
