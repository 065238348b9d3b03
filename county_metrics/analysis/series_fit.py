"""Fits of a segmented regression."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.series_data import Floats

LEAST_RHO, MOST_RHO, MOST_THETA = -0.9, 0.98, 0.95
_GRID = np.concatenate([np.linspace(LEAST_RHO, 0.9, 37), [0.93, 0.96, MOST_RHO]])
_RHOS, _THETAS = np.linspace(-0.85, 0.95, 12), np.linspace(-0.9, 0.9, 12)
LARGE = 600


@dataclass(frozen=True)
class Fit:
    """Coefficients with their covariance, and what is needed for intervals of their combinations.

    `params` and `cov` are on the scale of the link, `cov` with every correction; `freedom` of t is infinite for normal quantiles.
    `residuals` are uncorrelated where the fit models the correlation; `fitted` is the linear predictor. `rho` is the
    autoregressive coefficient by REML. `corrections`, for Satterthwaite's degrees of freedom: the uncorrected covariance, its
    derivatives in the parameters of the errors, the covariance of these.
    """

    names: tuple[str, ...]
    params: Floats
    cov: Floats
    freedom: float
    residuals: Floats
    fitted: Floats
    rho: float = 0.0
    n_dynamics: int = 0
    least_freedom: float = 1.0
    corrections: tuple[Floats, tuple[Floats, ...], Floats] | None = None
    dispersion: float = 1.0
    weights: Floats | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def contrast(self, direction: Floats) -> tuple[float, float, float]:
        """Estimate, standard error and degrees of freedom of a combination of the coefficients."""
        estimate, variance = float(direction @ self.params), float(direction @ self.cov @ direction)
        freedom = self.freedom
        if self.corrections is not None:
            plain, slopes, spread = self.corrections
            gradient = np.array([direction @ slope @ direction for slope in slopes])
            own = gradient @ spread @ gradient
            ratio = 2 * float(direction @ plain @ direction) ** 2 / own if own > 0 else freedom
            freedom = float(np.clip(ratio, self.least_freedom, freedom))
        return estimate, float(np.sqrt(max(variance, 0.0))), freedom


def require_rank(design: Floats, names: tuple[str, ...]) -> None:
    """Refuse a regression whose columns say the same or that has no residual left."""
    n, k = design.shape
    if n <= k:
        raise AnalysisError(f"{n} periods cannot bear {k} coefficients ({', '.join(names)}); drop season or covariates")
    scaled = design / np.maximum(np.abs(design).max(axis=0), 1e-300)
    ranks = [np.linalg.matrix_rank(scaled[:, : j + 1]) for j in range(k)]
    idle = [name for name, rank, before in zip(names, ranks, [0, *ranks], strict=False) if rank == before]
    if idle:
        raise AnalysisError(
            f"{', '.join(idle)}: adds nothing to the columns before it (constant, or a sum of them); leave it out"
        )


def flat(residuals: Floats, y: Floats) -> bool:
    """Whether a fit leaves nothing but rounding."""
    return bool((residuals**2).sum() <= 1e-18 * max((y**2).sum(), 1e-300))


def _differenced(matrix: Floats, gaps: NDArray[np.int64], rho: float, first: float) -> tuple[Floats, Floats, Floats]:
    """Differences y(t) − rho^gap y(t − 1), with the variances that they have and the covariances of neighbours.

    Correlations of y are first · rho^(h − 1) at distance h: AR(1) where first is rho, ARMA(1,1) otherwise. No others than
    neighbours are then correlated, whatever the gaps.
    """
    ratio, near = np.power(rho, gaps), first * np.power(rho, gaps - 1)
    moved = np.array(matrix, dtype=float)
    moved[1:] -= ratio[:, None] * matrix[:-1]
    return moved, np.concatenate([[1.0], 1 + ratio**2 - 2 * ratio * near]), near - ratio


def _whitened(matrix: Floats, gaps: NDArray[np.int64], rho: float, first: float) -> Floats:
    """Rows made uncorrelated, of equal variance."""
    from scipy.linalg import cholesky_banded, solve_banded

    moved, own, beside = _differenced(matrix, gaps, rho, first)
    lower = cholesky_banded(np.array([own, [*beside, 0.0]]), lower=True)
    return np.asarray(solve_banded((1, 0), lower, moved))


def _reml(y: Floats, design: Floats, gaps: NDArray[np.int64]) -> Callable[[float, float], float]:
    """−2 log restricted likelihood, without constants, of the correlation of errors."""
    from scipy.linalg.lapack import dpttrf, dpttrs

    n, k = design.shape
    basis = np.linalg.qr(design).Q
    left = y - basis @ (basis.T @ y)
    both = np.column_stack([basis, left / np.linalg.norm(left)])

    def deviance(rho: float, first: float) -> float:
        moved, own, beside = _differenced(both, gaps, rho, first)
        pivots, beside, failed = dpttrf(own, beside)
        if failed:
            return np.inf
        sides = np.diag(np.linalg.cholesky(moved.T @ dpttrs(pivots, beside, moved)[0]))
        return float(np.log(pivots).sum() + 2 * np.log(sides[:k]).sum() + 2 * (n - k) * np.log(sides[k]))

    return deviance


def reml_rho(y: Floats, design: Floats, gaps: NDArray[np.int64]) -> float:
    """Correlation of neighbouring errors that maximises the restricted likelihood, between −0.9 and 0.98."""
    from scipy.optimize import minimize_scalar

    if flat(y - design @ np.linalg.lstsq(design, y, rcond=None)[0], y):
        return 0.0
    deviance = _reml(y, design, gaps)
    values = [deviance(rho, rho) for rho in _GRID]
    best = int(np.argmin(values))
    ends = _GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)]
    found = minimize_scalar(lambda rho: deviance(rho, rho), bounds=ends, method="bounded", options={"xatol": 1e-7})
    # Rounded: the last bits of an optimiser differ between machines.
    return round(float(found.x if found.fun <= values[best] else _GRID[best]), 6)


def first_correlation(rho: float, theta: float) -> float:
    """Correlation of neighbours in an ARMA(1,1) process."""
    return (1 + rho * theta) * (rho + theta) / (1 + 2 * rho * theta + theta**2)


def reml_arma(y: Floats, design: Floats, gaps: NDArray[np.int64]) -> tuple[float, float]:
    """Autoregressive and moving-average coefficient of errors that maximise the restricted likelihood."""
    from scipy.ndimage import minimum_filter
    from scipy.optimize import minimize

    whole, rho = _reml(y, design, gaps), reml_rho(y, design, gaps)

    def deviance(point: Any) -> float:
        return whole(float(point[0]), first_correlation(float(point[0]), float(point[1])))

    # One search from each valley: where rho + theta is near 0 every pair is nearly white noise, so there may be several.
    table = np.array([[deviance((one, theta)) for theta in _THETAS] for one in _RHOS])
    valleys = np.argwhere(table == minimum_filter(table, 3, mode="nearest"))
    starts = [(rho, 0.0), *((_RHOS[one], _THETAS[theta]) for one, theta in valleys)]
    bounds = ((LEAST_RHO, MOST_RHO), (-MOST_THETA, MOST_THETA))
    rough = min((minimize(deviance, start, method="L-BFGS-B", bounds=bounds) for start in starts), key=lambda fit: fit.fun)
    fine = {"xatol": 1e-6, "fatol": 1e-10}
    found = minimize(deviance, rough.x, method="Nelder-Mead", bounds=bounds, options=fine)
    return round(float(found.x[0]), 4), round(float(found.x[1]), 4)


def fit_arma(
    y: Floats, design: Floats, when: NDArray[np.int64], names: tuple[str, ...], weights: Floats | None = None, ar1: bool = False
) -> Fit:
    """Regression with ARMA(1,1) or AR(1) errors by restricted maximum likelihood.

    Standard errors are widened for the uncertainty of the correlation as by Kenward and Roger (1997, Biometrics 53, 983–997;
    the term in second derivatives left out), with Satterthwaite's degrees of freedom for each combination.
    """
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    target, rows, gaps = y * root, design * root[:, None], np.diff(when)
    rho, theta = (reml_rho(target, rows, gaps), 0.0) if ar1 else reml_arma(target, rows, gaps)
    first, (n, k) = first_correlation(rho, theta), rows.shape
    # On an orthonormal basis, since a column may vary by a millionth of its level.
    basis, turn = np.linalg.qr(rows)
    white = _whitened(np.column_stack([basis, target]), gaps, rho, first)
    inverse = np.linalg.inv(white[:, :k].T @ white[:, :k])
    on_basis, back = inverse @ (white[:, :k].T @ white[:, k]), np.linalg.inv(turn)
    params, residuals = back @ on_basis, white[:, k] - white[:, :k] @ on_basis
    variance = float(residuals @ residuals) / (n - k)
    cov = plain = back @ inverse @ back.T * variance
    corrections = None
    if n <= LARGE:
        slopes, spread, wider = _kenward_roger(basis, when, rho, None if ar1 else first)
        cov, turned = plain + back @ wider @ back.T * variance, [back @ slope @ back.T * variance for slope in slopes]
        corrections = plain, (plain, *turned), spread
    return Fit(
        names, params, cov, float(n - k), residuals, design @ params, rho, n_dynamics=2 - ar1, corrections=corrections,
        weights=weights, settings={} if ar1 else {"theta": theta},
    )  # fmt: skip


def information(
    rows: Floats, when: NDArray[np.int64], rho: float, first: float | None = None
) -> tuple[Floats, list[Floats], Floats, Floats]:
    """Correlation matrix, its derivatives, precision times rows, covariance of the REML (log variance, rho, first).

    Without `first` the errors are AR(1), and rho alone moves.
    """
    lag = np.abs(np.subtract.outer(when, when))
    powers = np.power(rho, np.arange(lag.max() + 1))
    before = np.concatenate([[0.0], powers[:-1]])
    turned = np.arange(len(powers)) * before
    if first is None:
        errors, parts = powers[lag], [turned[lag]]
    else:
        errors = np.concatenate([[1.0], first * powers[:-1]])[lag]
        parts = [np.concatenate([[0.0], first * turned[:-1]])[lag], before[lag]]
    precision = np.linalg.inv(errors)
    half = precision @ rows
    shrunk = precision - half @ np.linalg.inv(rows.T @ half) @ half.T
    turns = [shrunk @ part for part in (errors, *parts)]
    return errors, parts, half, np.asarray(np.linalg.pinv([[0.5 * (one * other.T).sum() for other in turns] for one in turns]))


def _kenward_roger(rows: Floats, when: NDArray[np.int64], rho: float, first: float | None) -> tuple[list[Floats], Floats, Floats]:
    """Derivatives of the inverse Gram matrix, covariance of the parameters of errors, addition for their uncertainty."""
    errors, parts, half, spread = information(rows, when, rho, first)
    inverse = np.linalg.inv(rows.T @ half)
    turned = [half.T @ part @ half for part in parts]
    wider = np.zeros_like(inverse)
    for i, one in enumerate(parts):
        moved = half.T @ one @ np.linalg.solve(errors, np.column_stack([other @ half for other in parts]))
        for j, second in enumerate(np.split(moved, len(parts), axis=1)):
            wider += 2 * spread[1 + i, 1 + j] * inverse @ (second - turned[i] @ inverse @ turned[j]) @ inverse
    return [inverse @ each @ inverse for each in turned], spread, wider


def newey_west_lags(n: int) -> int:
    """Default number of lags, floor(4 (n/100)^(2/9)) (Newey and West 1994, Review of Economic Studies 61, 631–653)."""
    return int(np.floor(4 * (n / 100) ** (2 / 9)))


def fit_ols(
    y: Floats, design: Floats, when: NDArray[np.int64], names: tuple[str, ...], errors: str, lags: int,
    weights: Floats | None = None,
) -> Fit:  # fmt: skip
    """Least squares with Newey–West (``hac``) or classical errors, t with n − k degrees of freedom."""
    import statsmodels.api as sm

    model = sm.OLS(y, design) if weights is None else sm.WLS(y, design, weights=weights)
    extra: dict[str, Any] = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}} if errors == "hac" else {}
    found = model.fit(use_t=True, **extra)
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    rows = design * root[:, None]
    rho = reml_rho(y * root, rows, np.diff(when))
    cov, fitted = np.asarray(found.cov_params()), np.asarray(found.fittedvalues)
    params, freedom = np.asarray(found.params), float(found.df_resid)
    return Fit(names, params, cov, freedom, root * (y - fitted), fitted, rho, weights=weights)


def fit_arima(
    y: Floats, design: Floats, names: tuple[str, ...], order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int]
) -> Fit:
    """Regression with ARIMA errors by exact maximum likelihood; `y` is NaN where a period is not used."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    taken = order[1] + seasonal_order[1]
    drop = {"const"} if taken == 1 else {"const", "trend"} if taken > 1 else set()
    used = [place for place, name in enumerate(names) if name not in drop]
    size, height = np.abs(design[:, used]).max(axis=0), float(np.nanstd(y)) or 1.0
    model = SARIMAX(y / height, exog=design[:, used] / size, order=order, seasonal_order=seasonal_order)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.fit(disp=False, maxiter=500)
    if not found.mle_retvals["converged"]:
        raise AnalysisError(f"the ARIMA{order} fit did not converge; use a smaller order, or method='auto'")
    k, seen = len(used), ~np.isnan(y)
    held = np.flatnonzero(seen)
    target = y[seen]
    rho = 0.0 if taken else reml_rho(target, design[seen], np.diff(held))
    skipped = order[1] + seasonal_order[1] * seasonal_order[3]
    residuals = height * np.asarray(found.resid)[seen][skipped:]
    dynamics = order[0] + order[2] + seasonal_order[0] + seasonal_order[2]
    back = height / size
    cov = np.asarray(found.cov_params())[:k, :k] * np.outer(back, back)
    settings = {"order": "-".join(map(str, order)), "seasonal_order": "-".join(map(str, seasonal_order))}
    fitted = height * np.asarray(found.fittedvalues)[seen]
    params = np.asarray(found.params)[:k] * back
    return Fit(tuple(names[j] for j in used), params, cov, np.inf, residuals, fitted, rho, n_dynamics=dynamics, settings=settings)
