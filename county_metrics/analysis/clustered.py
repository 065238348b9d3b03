"""Errors by cluster from influence values, with degrees of freedom that know how few clusters were treated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from county_metrics.analysis.effect import Estimate
from county_metrics.analysis.panel import Array, Panel
from county_metrics.present.number import number
from county_metrics.present.wording import say

LEAST_CLUSTERS = 10
"""Treated, or comparison, clusters below which only randomisation inference is given."""
_POWER = 0.8


@dataclass(frozen=True)
class Spread:
    """Covariance of coefficients and the degrees of freedom of each; `sides` counts treated and comparison clusters."""

    covariance: Array
    freedom: Array
    sides: tuple[int, int]

    @property
    def bearable(self) -> bool:
        """Whether each side has enough clusters for an error by cluster."""
        return min(self.sides) >= LEAST_CLUSTERS


def spread(panel: Panel, influence: Array, scale: float = 1.0) -> Spread:
    """Covariance from the influence (clusters by coefficients, summed over rows), times a small-sample factor.

    Degrees of freedom by Welch and Satterthwaite: clusters with treated units on one side, the others on the other.
    """
    treated = np.zeros(influence.shape[0], dtype=bool)
    treated[panel.cluster[panel.treated]] = True
    freedom = np.full(influence.shape[1], float(max(influence.shape[0] - 1, 1)))
    parts = [(np.square(influence[side]).sum(axis=0), max(side.sum() - 1, 1)) for side in (treated, ~treated)]
    below = sum(part**2 / count for part, count in parts)
    total = sum(part for part, _ in parts)
    known = below > 0
    freedom[known] = np.minimum(freedom[known], total[known] ** 2 / below[known])
    return Spread(scale * influence.T @ influence, freedom, panel.sides())


def places(value: float) -> int:
    """Decimal places that show three digits.

    Examples
    --------
    >>> places(1794.3), places(-0.0225)
    (0, 4)
    """
    return 3 if not value or not math.isfinite(value) else min(max(2 - math.floor(math.log10(abs(value))), 0), 6)


def estimate(
    term: str, label: dict[str, Any], value: float, found: Spread, column: int = 0, *, level: float, unit: str,
    sides: tuple[int, int] | None = None,
) -> Estimate:  # fmt: skip
    """An estimate with error, interval and p-value, or with the reason why not.

    Parameters
    ----------
    sides : tuple of int, optional
        Treated and comparison clusters behind this coefficient, where they are fewer than in all.
    """
    sides = sides or found.sides
    shown = places(value)
    if min(sides) < LEAST_CLUSTERS:
        return Estimate(term, label, value, unit=unit, withheld=few_clusters(sides), places=shown)
    error = math.sqrt(max(float(found.covariance[column, column]), 0.0))
    if not error > 0:
        return Estimate(term, label, value, unit=unit, withheld=say("panel.no_spread"), places=shown)
    half = float(stats.t.ppf((1 + level) / 2, found.freedom[column])) * error
    p_value = 2 * float(stats.t.sf(abs(value) / error, found.freedom[column]))
    return Estimate(term, label, value, error, value - half, value + half, value / error, p_value, unit, places=shown)


def few_clusters(sides: tuple[int, int]) -> dict[str, Any]:
    """Why no error by cluster is given."""
    return say(
        "panel.few_clusters",
        treated=number(sides[0], ref="result:treated_clusters"),
        controls=number(sides[1], ref="result:control_clusters"),
        least=number(LEAST_CLUSTERS, ref="constant:least_clusters"),
    )


@dataclass(frozen=True)
class PreTrend:
    """Joint test of leads: F, degrees of freedom, p, and the slope it would detect with power 0.8."""

    statistic: float
    freedom: tuple[float, float]
    p_value: float
    slope: float


def pre_trend(leads: Array, event: Array, covariance: Array, freedom: float) -> PreTrend | None:
    """Joint Wald test, scaled as Hotelling's; None where the clusters cannot bear that many leads.

    Parameters
    ----------
    leads, event : array
        Estimates before the start, and their distance from the reference period.
    covariance : array, leads by leads
    freedom : float
        Degrees of freedom of a single lead.
    """
    count = len(leads)
    second = freedom - count + 1
    if count == 0 or second < 2 or np.linalg.matrix_rank(covariance, hermitian=True) < count:
        return None
    inner = np.linalg.inv(covariance)
    factor = second / (freedom * count)
    statistic = float(factor * leads @ inner @ leads)
    critical = stats.f.ppf(0.95, count, second)
    needed = optimize.brentq(lambda shift: stats.ncf.sf(critical, count, second, shift) - _POWER, 1e-6, 1e4)
    slope = math.sqrt(needed / (factor * count * float(event @ inner @ event)))
    return PreTrend(statistic, (float(count), float(second)), float(stats.f.sf(statistic, count, second)), slope)
