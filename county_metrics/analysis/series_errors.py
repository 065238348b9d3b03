"""Correlated errors of a regression on a series: their restricted likelihood, and what it leaves open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import nsmallest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from county_metrics.analysis.series_data import Floats

LEAST_RHO, MOST_RHO = -0.9, 0.98
_GRID = np.concatenate([np.linspace(LEAST_RHO, 0.9, 37), [0.93, 0.96, MOST_RHO]])
# Pairs are searched as angles, since likelihoods change fastest near correlations of one.
_LOW, _HIGH = np.arcsin([LEAST_RHO, -MOST_RHO]), np.arcsin([MOST_RHO, MOST_RHO])
_SPAN = _HIGH - _LOW
_CELLS, _VALLEYS, _ENOUGH, _MOST, _FINEST, _SLACK, _APART = 14, 3, 40, 120, 20_000, 1e-4, 0.4
# Together they make intervals hold in simulations (benchmarks/truth.py), whatever the length of the series. With less weight on
# the distance, levels hold too seldom where errors are slow, or slopes too often in nearly white noise.
LEAST_LIKELY, TAKEN, DISTANCE = 0.4, 0.82, 5
_ALLOWED = -2 * float(np.log(LEAST_LIKELY))

Place = tuple[int, int]
Widest = Callable[[Floats], float]


def flat(residuals: Floats, y: Floats, height: float = 0.0) -> bool:
    """Whether a fit leaves nothing but rounding, of values of that height if `y` are differences."""
    return bool((residuals**2).sum() <= 1e-26 * max((y**2).sum(), len(y) * height**2, 1e-300))


def _differenced(matrix: Floats, gaps: NDArray[np.int64], rho: float, first: float) -> tuple[Floats, Floats, Floats]:
    """Differences y(t) − rho^gap y(t − 1), with the variances that they have and the covariances of neighbours.

    Correlations of y are first · rho^(h − 1) at distance h: AR(1) where first is rho, ARMA(1,1) otherwise. No others than
    neighbours are then correlated, whatever the gaps.
    """
    moved = matrix.copy()
    ratio, near = np.power(rho, gaps), first * np.power(rho, gaps - 1)
    moved[1:] -= ratio[:, None] * matrix[:-1]
    return moved, np.concatenate([[1.0], 1 + ratio**2 - 2 * ratio * near]), near - ratio


def whitened(column: Floats, gaps: NDArray[np.int64], rho: float, first: float) -> Floats:
    """Values made uncorrelated, of equal variance."""
    from scipy.linalg import cholesky_banded, solve_banded

    moved, own, beside = _differenced(column[:, None], gaps, rho, first)
    lower = cholesky_banded(np.array([own, [*beside, 0.0]]), lower=True)
    return np.asarray(solve_banded((1, 0), lower, moved))[:, 0]


class Restricted:
    """Generalised least squares, and its restricted likelihood, for any ARMA(1,1) errors."""

    def __init__(self, y: Floats, rows: Floats, gaps: NDArray[np.int64]) -> None:
        from scipy.linalg.lapack import dpotrf, dpttrf, dpttrs

        self.factor, self.divide, self.cholesky = dpttrf, dpttrs, dpotrf
        self.basis, turn = np.linalg.qr(rows)
        self.back, self.start = np.linalg.inv(turn), self.basis.T @ y
        left = y - self.basis @ self.start
        self.size, self.gaps = float(np.linalg.norm(left)), gaps
        self.both = np.column_stack([self.basis, left / self.size])
        self.known: dict[tuple[float, float], tuple[float, Floats]] = {}

    def _products(self, rho: float, first: float) -> tuple[float, Floats]:
        """Log determinant of the correlations, and products of the columns weighted by their inverse."""
        if (rho, first) in self.known:
            return self.known[rho, first]
        moved, own, beside = _differenced(self.both, self.gaps, rho, first)
        pivots, beside, failed = self.factor(own, beside, 1, 1)
        size = np.inf if failed else float(np.log(pivots).sum())
        products = np.eye(moved.shape[1]) if failed else moved.T @ self.divide(pivots, beside, moved)[0]
        return self.known.setdefault((rho, first), (size, products))

    def deviance(self, rho: float, first: float) -> float:
        """−2 log restricted likelihood, without constants."""
        size, products = self._products(rho, first)
        sides = np.log(np.diagonal(self.cholesky(products)[0]))
        n, k = self.basis.shape
        return float(size + 2 * sides[:k].sum() + 2 * (n - k) * sides[k])

    def solved(self, pairs: list[tuple[float, float]]) -> tuple[Floats, Floats]:
        """Coefficients and their covariance under each of some pairs."""
        products, (n, k) = np.array([self._products(*pair)[1] for pair in pairs]), self.basis.shape
        inverse, right = np.linalg.inv(products[:, :k, :k]), products[:, :k, k]
        moved = np.einsum("pij,pj->pi", inverse, right)
        variance = self.size**2 * (products[:, k, k] - (right * moved).sum(axis=1)) / (n - k)
        return (self.start + self.size * moved) @ self.back.T, variance[:, None, None] * (self.back @ inverse @ self.back.T)


def reml_rho(y: Floats, rows: Floats, gaps: NDArray[np.int64]) -> float:
    """Correlation of neighbouring AR(1) errors that maximises the restricted likelihood, between −0.9 and 0.98."""
    from scipy.optimize import minimize_scalar

    if flat(y - rows @ np.linalg.lstsq(rows, y, rcond=None)[0], y):
        return 0.0
    deviance = Restricted(y, rows, gaps).deviance
    values = [deviance(rho, rho) for rho in _GRID]
    best = int(np.argmin(values))
    ends = _GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)]
    found = minimize_scalar(lambda rho: deviance(rho, rho), bounds=ends, method="bounded", options={"xatol": 1e-7})
    # Rounded: the last bits of an optimiser differ between machines.
    return round(float(found.x if found.fun <= values[best] else _GRID[best]), 6)


def first_correlation(rho: float, theta: float) -> float:
    """Correlation of neighbours in an ARMA(1,1) process."""
    return (1 + rho * theta) * (rho + theta) / (1 + 2 * rho * theta + theta**2)


def moving_average(rho: float, first: float) -> float:
    """Moving-average coefficient, below 1 in size, of the ARMA(1,1) process whose neighbours are so correlated."""
    gain, height = first - rho, 1 + rho**2 - 2 * rho * first
    return float(2 * gain / (height + np.sqrt(max(height**2 - 4 * gain**2, 0.0))))


def _pair(angles: Any) -> tuple[float, float]:
    """Autoregressive coefficient and correlation of neighbours; two angles run over all ARMA(1,1) processes."""
    rho, wide = np.sin(angles)
    return float(rho), float(rho + wide) / 2


def _lattice(errors: Restricted) -> dict[Place, float]:
    """Deviance over all pairs, coarsely."""
    places = np.ndindex(_CELLS + 1, _CELLS + 1)
    return {place: errors.deviance(*_pair(_LOW + _SPAN * place / _CELLS)) for place in places}


def _reml_arma(errors: Restricted, lattice: dict[Place, float]) -> tuple[float, float]:
    """Autoregressive and moving-average coefficient that maximise the restricted likelihood, from the lattice's best valleys.

    There may be several: where rho + theta is near 0 every pair is nearly white noise.
    """
    from scipy.ndimage import minimum_filter
    from scipy.optimize import minimize

    table = np.reshape(list(lattice.values()), (_CELLS + 1, _CELLS + 1))
    low = np.flatnonzero(table == minimum_filter(table, 3, mode="nearest"))
    best = low[np.argsort(table.flat[low], kind="stable")][:_VALLEYS]
    starts = [_LOW + _SPAN * place / _CELLS for place in np.column_stack(np.unravel_index(best, table.shape))]
    bounds, options = list(zip(_LOW, _HIGH, strict=True)), {"ftol": 1e-12}
    at = partial(minimize, lambda angles: errors.deviance(*_pair(angles)), method="SLSQP", bounds=bounds)
    rough = min((at(start) for start in starts), key=lambda fit: fit.fun)
    found = at(np.clip(rough.x, _LOW, _HIGH), jac="3-point", options=options)
    rho, first = _pair(np.clip(found.x, _LOW, _HIGH))
    # Rounded: the last bits of an optimiser differ between machines.
    return round(rho, 4), round(moving_average(rho, first), 4)


def _refined(errors: Restricted, lattice: dict[Place, float], bound: float) -> list[Floats]:
    """Angles of pairs whose deviance is within a bound, from a lattice that is halved around them until there are enough."""
    found, cells = dict(lattice), _CELLS
    while sum(value <= bound for value in found.values()) < _ENOUGH and cells < _FINEST:
        best = nsmallest(_MOST, found, key=lambda place: found[place])
        near = {place for rank, place in enumerate(best) if rank < 6 or found[place] <= bound + 2 * _ALLOWED}
        found, cells = {(2 * i, 2 * j): value for (i, j), value in found.items()}, 2 * cells
        around = {(2 * i + di, 2 * j + dj) for i, j in near for di in (-1, 0, 1) for dj in (-1, 0, 1)}
        new = {place for place in around if min(place) >= 0 and max(place) <= cells} - set(found)
        found |= {place: errors.deviance(*_pair(_LOW + _SPAN * place / cells)) for place in sorted(new)}
    return [_LOW + _SPAN * place / cells for place, value in found.items() if value <= bound]


def arma(errors: Restricted, *, alone: bool = False) -> tuple[float, float, Widest | None]:
    """Autoregressive and moving-average coefficient by restricted likelihood; unless `alone`, what else is likely."""
    lattice = _lattice(errors)
    rho, theta = _reml_arma(errors, lattice)
    return rho, theta, None if alone else _widest(errors, rho, theta, lattice)


def _widest(errors: Restricted, rho: float, theta: float, lattice: dict[Place, float]) -> Widest:
    """Variance of a combination plus `DISTANCE` times the squared distance to its estimate, the largest among likely pairs.

    It is taken times `TAKEN`². The estimate is that under the coefficients given, which are the likeliest; likely are those with
    at least `LEAST_LIKELY` of the greatest likelihood.
    """
    from scipy.optimize import minimize

    first = first_correlation(rho, theta)
    params, bound = errors.solved([(rho, first)])[0][0], errors.deviance(rho, first) + _ALLOWED
    likely = [*_refined(errors, lattice, bound), np.clip(np.arcsin([rho, np.clip(2 * first - rho, -1, 1)]), _LOW, _HIGH)]
    box, options = list(zip(_LOW, _HIGH, strict=True)), {"ftol": 1e-8}

    def squared(direction: Floats, fits: tuple[Floats, Floats]) -> Floats:
        return np.asarray(direction @ fits[1] @ direction + DISTANCE * ((fits[0] - params) @ direction) ** 2)

    solved = errors.solved([_pair(angles) for angles in likely])

    def room(angles: Floats) -> float:
        return bound - errors.deviance(*_pair(angles))

    def largest(direction: Floats) -> float:
        sizes = squared(direction, solved)
        best: list[int] = []
        for place in map(int, np.argsort(-sizes, kind="stable")):
            if len(best) < _VALLEYS and all(np.abs(likely[place] - likely[other]).max() > _APART for other in best):
                best.append(place)

        def loss(angles: Floats) -> float:
            return -float(squared(direction, errors.solved([_pair(angles)]))[0] / sizes[best[0]])

        def peak(start: Floats) -> float:
            inside = {"type": "ineq", "fun": room}
            angles = minimize(loss, start, method="SLSQP", bounds=box, constraints=inside, options=options).x
            angles = np.clip(angles, _LOW, _HIGH)
            # Rounded: the last bits of an optimiser differ between machines.
            return round(-loss(angles), 5) if room(angles) > -_SLACK else 0.0

        return TAKEN**2 * float(sizes[best[0]]) * max(1.0, *(peak(likely[place]) for place in best))

    return largest
