"""Simulated coverage of 95 % intervals of a segmented regression, by length, correlation and method.

`python benchmarks/hac_coverage.py [DRAWS]` prints one row a cell: nominal 95 % intervals of the level and of the slope
change that hold the truth, over normal AR(1) errors, seed fixed. ar1: REML with Kenward–Roger errors (one fit a draw,
slow); hac: Newey–West; classical: least squares. The last two
are what `interrupted_time_series` simulates for the design at hand before it gives an interval.
"""

import sys

import numpy as np
from scipy import stats

from county_metrics.analysis.series_coverage import simulated_coverage
from county_metrics.analysis.series_fit import fit_arma, newey_west_lags

SIDES = {"ar1": (8, 12, 16, 24), "others": (8, 12, 16, 24, 36, 48, 72, 120, 240)}
RHOS = (0.0, 0.3, 0.6)
NAMES = ("const", "trend", "level_change", "slope_change")


def design_of(side: int) -> np.ndarray:
    since = np.arange(2 * side) - side
    after = (since >= 0).astype(float)
    return np.column_stack([np.ones(2 * side), since, after, after * since])


def ar1_coverage(side: int, rho: float, draws: int) -> np.ndarray:
    rng, design, hits = np.random.default_rng(20140201), design_of(side), np.zeros(2)
    for _ in range(draws):
        errors = rng.standard_normal(2 * side)
        for place in range(1, 2 * side):
            errors[place] = rho * errors[place - 1] + np.sqrt(1 - rho**2) * errors[place]
        fit = fit_arma(errors, design, np.arange(2 * side), NAMES, ar1=True)
        for place, direction in enumerate(np.eye(4)[2:]):
            estimate, error, freedom = fit.contrast(direction)
            hits[place] += abs(estimate) <= stats.t.ppf(0.975, freedom) * error
    return hits / draws


def main(draws: int) -> None:
    print(f"{'method':10}{'a side':>8}{'rho':>6}{'level':>8}{'slope':>8}")
    for side in SIDES["others"]:
        for rho in RHOS:
            lags = newey_west_lags(2 * side)
            for method in ("hac", "classical"):
                level, slope = simulated_coverage(design_of(side), np.arange(2 * side), rho, np.eye(4)[:, 2:], method, lags=lags)
                print(f"{method:10}{side:8}{rho:6.1f}{level:8.3f}{slope:8.3f}")
    for side in SIDES["ar1"]:
        for rho in RHOS:
            level, slope = ar1_coverage(side, rho, draws)
            print(f"{'ar1':10}{side:8}{rho:6.1f}{level:8.3f}{slope:8.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
