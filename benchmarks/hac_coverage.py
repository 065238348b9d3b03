"""Simulated coverage of 95 % intervals of a segmented regression, by length, correlation and method.

`python benchmarks/hac_coverage.py` prints one row a cell: nominal 95 % intervals of the level and of the slope
change that hold the truth, over normal AR(1) errors, seed fixed. hac: Newey–West; classical: least squares. Before it gives an
interval, `interrupted_time_series` simulates the same for the design at hand, with the largest correlation that the series
leaves open and among draws that look as correlated as the series does.
"""

import numpy as np

from county_metrics.analysis.series_coverage import simulated_coverage
from county_metrics.analysis.series_fit import newey_west_lags

SIDES = (8, 12, 16, 24, 36, 48, 72, 120, 240)
RHOS = (0.0, 0.3, 0.6, 0.8)


def design_of(side: int) -> np.ndarray:
    since = np.arange(2 * side) - side
    after = (since >= 0).astype(float)
    return np.column_stack([np.ones(2 * side), since, after, after * since])


def main() -> None:
    print(f"{'method':10}{'a side':>8}{'rho':>6}{'level':>8}{'slope':>8}")
    for side in SIDES:
        for rho in RHOS:
            lags = newey_west_lags(2 * side)
            for method in ("hac", "classical"):
                level, slope = simulated_coverage(design_of(side), np.arange(2 * side), rho, np.eye(4)[:, 2:], method, lags=lags)
                print(f"{method:10}{side:8}{rho:6.1f}{level:8.3f}{slope:8.3f}")


if __name__ == "__main__":
    main()
