"""The coverage that intervals of a segmented regression have in simulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from county_metrics.analysis.series_data import Floats
from county_metrics.analysis.series_errors import MOST_RHO

LEAST_COVERAGE, LARGE = 0.92, 600
SEED = 20140201
_BLOCK_CELLS, _MOST_CELLS = 2_000_000, 200_000_000


def upper_rho(rows: Floats, when: NDArray[np.int64], rho: float) -> float:
    """End of the one-sided 95 % interval of rho, beyond which a series of this length leaves little room."""
    large = len(rows) > LARGE
    variance = (1 - rho**2) / len(rows) if large else _variance(rows, when, rho)
    return round(min(rho + 1.6448536270 * float(np.sqrt(variance)), MOST_RHO), 6)


def _variance(rows: Floats, when: NDArray[np.int64], rho: float) -> float:
    """Variance of the correlation by restricted likelihood, from its expected information."""
    lag = np.abs(np.subtract.outer(when, when))
    errors = np.power(rho, lag)
    precision = np.linalg.inv(errors)
    half = precision @ rows
    shrunk = precision - half @ np.linalg.inv(rows.T @ half) @ half.T
    turns = [shrunk @ part for part in (errors, lag * np.power(rho, np.maximum(lag - 1, 0)))]
    return float(np.linalg.pinv([[0.5 * (one * other.T).sum() for other in turns] for one in turns])[1, 1])


def ar1_noise(n: int, draws: int, rho: float, gaps: NDArray[np.int64], seed: int | list[int]) -> Floats:
    """Columns of stationary AR(1) errors of variance 1; `gaps` are periods between neighbours."""
    noise = np.random.default_rng(seed).standard_normal((n, draws))
    for place, ratio in enumerate(np.power(rho, gaps), 1):
        noise[place] = ratio * noise[place - 1] + np.sqrt(1 - ratio**2) * noise[place]
    return noise


def simulated_coverage(
    design: Floats, when: NDArray[np.int64], rho: float, directions: Floats, method: str, *, lags: int = 0,
    weights: Floats | None = None, width: float = 1.0, like: float | None = None,
) -> Floats:  # fmt: skip
    """Share of nominal 95 % intervals that hold the truth, over draws of this design with normal AR(1) errors.

    With `like`, over the tenth of draws whose residuals have the lag-1 autocorrelation nearest to it: intervals are too
    narrow just where residuals show less correlation than there is, so the share of all draws would promise too much.
    Between 10,000 and 40,000 draws, fewer only beyond 20,000 periods.
    """
    root = np.ones(len(when)) if weights is None else np.sqrt(weights)
    rows, gaps = design * root[:, None], np.diff(when)
    n = len(rows)
    draws = min(20_000 if n <= 250 else 10_000, max(_MOST_CELLS // n, 1_000))
    size = max(min(draws, _BLOCK_CELLS // n), 100)
    inverse, held = np.asarray(np.linalg.inv(rows.T @ rows), dtype=float), []
    for block in range(-(-draws // size)):
        noise = ar1_noise(n, size, rho, gaps, [SEED, block])
        residuals = noise - rows @ (inverse @ (rows.T @ noise))
        if like is not None:
            near = np.argsort(np.abs(lag_one(residuals, gaps) - like), kind="stable")[: size // 10]
            noise, residuals = noise[:, near], residuals[:, near]
        held.append(_held(noise, residuals, rows, inverse, directions, method, lags, width))
    return np.asarray(np.concatenate(held, axis=1).mean(axis=1))


def _held(
    noise: Floats, residuals: Floats, rows: Floats, inverse: Floats, directions: Floats, method: str, lags: int, width: float
) -> NDArray[np.bool_]:
    """Whether the interval of each direction holds the truth, which is 0, in each draw."""
    from scipy import stats

    n, k = rows.shape
    shares, half = rows @ inverse @ directions, width * float(stats.t.ppf(0.975, n - k))
    if method == "classical":
        variances = np.outer(np.diag(directions.T @ inverse @ directions), (residuals**2).sum(axis=0) / (n - k))
    else:
        variances = np.array([_long_run(share[:, None] * residuals, lags) for share in shares.T]) * n / (n - k)
    return np.asarray(np.abs(shares.T @ noise) <= half * np.sqrt(variances))


def lag_one(residuals: Floats, gaps: NDArray[np.int64]) -> Floats:
    """Correlation of residuals with those of the period before, of each column."""
    pairs = (residuals[1:] * residuals[:-1])[gaps == 1]
    return np.asarray(pairs.sum(axis=0) / np.maximum((residuals**2).sum(axis=0), 1e-300))


def _long_run(scores: Floats, lags: int) -> Floats:
    total = (scores**2).sum(axis=0)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * (scores[lag:] * scores[:-lag]).sum(axis=0)
    return np.asarray(np.maximum(total, 0))
