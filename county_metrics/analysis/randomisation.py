"""Randomisation inference: what the estimate would be had other units been treated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from county_metrics.analysis.arguments import share, whole
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.clustered import places
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate, p_number
from county_metrics.analysis.panel import Array, Panel, read_panel
from county_metrics.present.number import number
from county_metrics.present.wording import both, say

if TYPE_CHECKING:
    import pandas as pd

SEED = 20140201
_ENUMERATED = 20_000


@dataclass(frozen=True)
class Assignments:
    """The difference-in-differences under the assignment that was and under others.

    Attributes
    ----------
    estimate : float
        Under the assignment that was.
    placebos : array
        Under each other assignment, were there no effect.
    overlap : array
        How much of a constant effect of one each other assignment would show.
    exact : bool
        All assignments, the one that was among them; otherwise seeded draws.
    lone : array
        Without each cluster that can be left out.
    """

    estimate: float
    placebos: Array
    overlap: Array
    exact: bool
    lone: Array

    def p_value(self, effect: float = 0.0) -> float:
        """Share of assignments as far from a hypothetical constant effect as the one that was."""
        distance = abs(self.estimate - effect)
        far = np.abs(self.placebos - effect * self.overlap) >= distance * (1 - 1e-9) - 1e-12
        return float((far.sum() + (not self.exact)) / (len(far) + (not self.exact)))

    def interval(self, level: float) -> tuple[float, float] | None:
        """Constant effects that are not rejected; None where none can be, so few are the assignments."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.array(
                [(self.estimate - self.placebos) / (1 - self.overlap), (self.estimate + self.placebos) / (1 + self.overlap)]
            )
        same = np.abs(np.abs(self.overlap) - 1) < 1e-12
        low, high = np.sort(np.where(same, -np.inf, ends.min(axis=0))), np.sort(np.where(same, np.inf, ends.max(axis=0)))[::-1]
        drawn = not self.exact
        place = math.floor((1 - level) * (len(low) + drawn) + 1e-9) - drawn
        return (float(low[place]), float(high[place])) if place >= 0 and np.isfinite([low[place], high[place]]).all() else None


def assignments(panel: Panel, draws: int, seed: int) -> Assignments | None:
    """Reassign the starts among clusters, every way where that is feasible; None where the panel is not balanced.

    The statistic is the mean over treated units of their change (mean after less mean before their own start), less the
    change of never-treated units over the same periods: with one start, the two-way fixed effects estimate.
    """
    table = panel.wide()
    if table is None or panel.treated.all() or panel.covariates.shape[1]:
        return None
    weight = panel.weight[np.unique(panel.unit, return_index=True)[1]]
    if not np.allclose(panel.weight, weight[panel.unit]):
        return None
    periods, starts = np.unique(panel.period), panel.starts
    own = np.full(panel.cluster.max() + 1, -1, dtype=np.int16)
    for kind, start in enumerate(starts):
        own[panel.cluster[panel.start == start]] = kind
    if (own[panel.cluster] != [starts.index(start) if math.isfinite(start) else -1 for start in panel.start]).any():
        return None
    # Of the outcome, and of a constant effect of 1 where treatment was: what a placebo would still show of it.
    total, shift = np.zeros((2, len(own), len(starts)))
    for sums, cells in ((total, table), (shift, (periods >= panel.start[:, None]).astype(float))):
        changes = [cells[:, periods >= start].mean(axis=1) - cells[:, periods < start].mean(axis=1) for start in starts]
        np.add.at(sums, panel.cluster, np.column_stack(changes) * weight[:, None])
    mass = np.bincount(panel.cluster, weight)
    others, exact = _others(own, draws, seed)
    kinds = np.arange(len(starts))
    real = own[:, None] == kinds
    lone = [_statistic(np.delete(real, c, 0)[None], np.delete(total, c, 0), np.delete(mass, c))[0] for c in _removable(own)]
    blocks = np.array_split(others, max(others.size * len(starts) // 1_000_000, 1))
    placebos, overlap = (
        np.concatenate([_statistic(block[:, :, None] == kinds, sums, mass) for block in blocks]) for sums in (total, shift)
    )
    return Assignments(float(_statistic(real[None], total, mass)[0]), placebos, overlap, exact, np.array(lone))


def _statistic(marks: Array, total: Array, mass: Array) -> Array:
    """Difference in changes for many assignments: (assignments, clusters, starts) of marks."""
    size = np.einsum("ack,c->ak", marks, mass)
    never = ~marks.any(axis=2)
    control = (never @ total) / (never @ mass)[:, None]
    return np.asarray((np.einsum("ack,ck->a", marks, total) - (size * control).sum(axis=1)) / size.sum(axis=1))


def _removable(own: Array) -> list[int]:
    """Clusters whose removal leaves a treated and a never-treated one."""
    counts = {True: int((own >= 0).sum()), False: int((own < 0).sum())}
    return [place for place, kind in enumerate(own) if counts[bool(kind >= 0)] > 1]


def _others(own: Array, draws: int, seed: int) -> tuple[Array, bool]:
    """Every distinct assignment if there are few (the one that was included), else seeded draws without it."""
    count = math.factorial(len(own))
    for kind in np.unique(own):
        count //= math.factorial(int((own == kind).sum()))
    if len(np.unique(own)) == 2 and count <= _ENUMERATED:
        chosen = np.array(list(combinations(range(len(own)), int((own >= 0).sum()))))
        found = np.full((len(chosen), len(own)), -1, dtype=np.int16)
        found[np.arange(len(chosen))[:, None], chosen] = own.max()
        return found, True
    return np.random.default_rng(seed).permuted(np.tile(own, (draws, 1)), axis=1), False


def randomisation_checks(found: Assignments, unit: str) -> tuple[CheckResult, ...]:
    """Placebo in space and leave-one-out as checks that inform."""
    shown = places(found.estimate)
    count = number(len(found.placebos) + (not found.exact), ref="result:assignments")
    p_value = p_number(found.p_value(), "result:placebo_p_value")
    checks = [
        CheckResult(
            "placebo_in_space",
            None,
            say("panel_check.placebo_in_space"),
            say("panel_check.placebo_exact" if found.exact else "panel_check.placebo_drawn", count=count, p_value=p_value),
        )
    ]
    if len(found.lone):
        ends = {
            name: number(
                f"{value:.9g}", ref=f"result:leave_one_out_{name}", places=shown, unit=both(unit, unit) if unit else None
            )
            for name, value in (("low", found.lone.min()), ("high", found.lone.max()))
        }
        whole = number(f"{found.estimate:.9g}", ref="result:reassigned", places=shown)
        text = say(
            "panel_check.leave_one_out_reassigned", count=number(len(found.lone), ref="result:left_out"), whole=whole, **ends
        )
        one_sign = (found.lone.min() > 0) == (found.lone.max() > 0)
        checks.append(CheckResult("leave_one_out", one_sign or None, say("panel_check.leave_one_out"), text))
    return tuple(checks)


def randomised(
    term: str, label: dict[str, Any], found: Assignments, level: float, unit: str, why: dict[str, Any] | None = None
) -> Estimate:
    """Estimate whose p-value and interval come from reassigning treatment; it has no standard error."""
    low, high = found.interval(level) or (None, None)
    count = number(len(found.placebos) + (not found.exact), ref="result:assignments")
    reason = why or say("randomisation.no_interval" if low is None else "randomisation.no_error", count=count)
    value, p_value = found.estimate, found.p_value()
    return Estimate(term, label, value, None, low, high, None, p_value, unit, withheld=reason, places=places(value))


def randomisation_inference(
    data: pd.DataFrame, *, outcome: str, unit: str, period: str, treatment_start: str | None = None, treated: str | None = None,
    post: str | None = None, intervention_time: Any = None, weights: str | None = None, cluster: str | None = None,
    log: bool = False, balanced: bool = False, draws: int = 9999, seed: int = SEED, level: float = 0.95,
) -> EffectResult:  # fmt: skip
    """Difference-in-differences with a p-value from reassigning treatment among units; for few treated units.

    Parameters
    ----------
    data, outcome, unit, period, treatment_start, treated, post, intervention_time, weights, cluster, log, balanced
        As for `difference_in_differences`; the panel must be balanced. Whole clusters are reassigned.
    draws : int
        Assignments drawn where there are too many to list; up to 20,000 are listed.
    seed : int
        Of the draws.
    level : float
        Confidence of the interval, which holds every constant effect that the test does not reject.

    Returns
    -------
    EffectResult
        Two-sided p-value: exact, or (1 + those as far out) / (1 + draws). Checks: placebo in space, leave-one-out.

    Raises
    ------
    AnalysisError
        If the panel has faults, is not balanced, or has no never-treated unit.

    Notes
    -----
    **Estimand.** Mean effect on treated units after their start, where it is the same for all if an interval is read.
    **Assumptions.** Any unit could have been treated with the same chance; no spill-over.
    **Not for.** Places chosen because they did well: the p-value then says that the choice worked, not the reform.
    """
    numbers = (whole("draws", draws, least=99, example=9999), whole("seed", seed, least=0, example=SEED))
    panel = read_panel(
        data, outcome=outcome, unit=unit, period=period, treatment_start=treatment_start, treated=treated, post=post,
        intervention_time=intervention_time, weights=weights, cluster=cluster, log=log, balanced=balanced,
        wrong=(share("level", level), *numbers),
    )  # fmt: skip
    found = assignments(panel, draws, seed)
    if found is None:
        raise AnalysisError(
            "randomisation inference compares with never-treated units, and there are none; use staggered_adoption with "
            "comparison='not_yet_treated'" if panel.treated.all() else
            "randomisation inference needs a balanced panel, weights fixed within units and whole clusters that start "
            "together; pass balanced=True, or leave out weights or cluster"
        )  # fmt: skip
    import pandas as pd

    return EffectResult(
        method="randomisation_inference", design="panel", estimand=say("randomisation.estimand"),
        estimates=(randomised("att", say("panel.att"), found, level, panel.measure),), counts=panel.counts,
        settings={"assignments": len(found.placebos), "exact": found.exact, "seed": seed, "log": log},
        assumptions=(say("randomisation.assumption"),), notes=panel.notes, checks=randomisation_checks(found, panel.measure),
        data=pd.DataFrame({"placebo": found.placebos}), level=level, simulated=panel.simulated,
    )  # fmt: skip
