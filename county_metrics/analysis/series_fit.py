"""Fits of a segmented regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.series_data import Floats

_GRID = np.concatenate([np.linspace(-0.9, 0.9, 37), [0.93, 0.96, 0.98]])
MOST_RHO = 0.98
LARGE = 600


@dataclass(frozen=True)
class Fit:
    """Coefficients with their covariance, and what is needed for intervals of their combinations.

    Attributes
    ----------
    names : tuple of str
        Columns of the regression.
    params, cov : numpy.ndarray, shapes (k,) and (k, k)
        On the scale of the link; `cov` holds every correction.
    freedom : float
        Degrees of freedom of t; infinite for normal quantiles.
    residuals : numpy.ndarray
        Uncorrelated ones where the fit models the correlation.
    fitted : numpy.ndarray
        Linear predictor of the periods used.
    rho : float
        Correlation of neighbouring errors, estimated by REML.
    corrections : tuple, optional
        Uncorrected covariance, its derivatives in the parameters of the errors, covariance of these: for Satterthwaite's
        degrees of freedom.
    dispersion : float
        Pearson chi-square over its degrees of freedom, for counts.
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
    return bool((residuals**2).sum() <= 1e-20 * max((y**2).sum(), 1e-300))


def whiten(matrix: Floats, gaps: NDArray[np.int64], rho: float) -> Floats:
    """Prais–Winsten transform to uncorrelated rows of equal variance; `gaps` are periods between neighbours, 1 or more."""
    ratio = np.power(rho, gaps)
    scale = np.sqrt(1 - ratio**2)
    shape = (-1,) + (1,) * (matrix.ndim - 1)
    out = np.array(matrix, dtype=float)
    out[1:] = (matrix[1:] - ratio.reshape(shape) * matrix[:-1]) / scale.reshape(shape)
    return out


def _profile(y: Floats, design: Floats, gaps: NDArray[np.int64], rho: float) -> tuple[Any, ...]:
    """−2 log likelihood at rho without constants, with coefficients, inverse Gram matrix, residual sum."""
    n, k = design.shape
    rows, target = whiten(design, gaps, rho), whiten(y, gaps, rho)
    inverse = np.linalg.inv(rows.T @ rows)
    params = inverse @ (rows.T @ target)
    sums = ((target - rows @ params) ** 2).sum(axis=0)
    volume = np.log(1 - np.power(rho, gaps) ** 2).sum()
    with np.errstate(divide="ignore"):
        value = (n - k) * np.log(sums) + volume
    return value - np.linalg.slogdet(inverse)[1], params, inverse, sums


def reml_rho(y: Floats, design: Floats, gaps: NDArray[np.int64]) -> float:
    """Correlation of neighbouring errors that maximises the restricted likelihood, between −0.9 and 0.98."""
    from scipy.optimize import minimize_scalar

    if flat(y - design @ np.linalg.lstsq(design, y, rcond=None)[0], y):
        return 0.0
    values = [float(_profile(y, design, gaps, rho)[0]) for rho in _GRID]
    best = int(np.argmin(values))
    ends = _GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)]
    found = minimize_scalar(lambda rho: _profile(y, design, gaps, rho)[0], bounds=ends, method="bounded", options={"xatol": 1e-7})
    # Rounded, so that the last bits of an optimiser, which differ between machines, reach no result.
    return round(float(found.x if found.fun <= values[best] else _GRID[best]), 6)


def fit_ar1(y: Floats, design: Floats, when: NDArray[np.int64], names: tuple[str, ...], weights: Floats | None = None) -> Fit:
    """Regression with first-order autoregressive errors by restricted maximum likelihood.

    Standard errors are widened for the uncertainty of rho as by Kenward and Roger (1997, Biometrics 53, 983–997; the
    term in second derivatives left out), with Satterthwaite's degrees of freedom for each combination.
    """
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    target, rows, gaps = y * root, design * root[:, None], np.diff(when)
    rho = reml_rho(target, rows, gaps)
    n, k = rows.shape
    _, params, inverse, sums = _profile(target, rows, gaps, rho)
    variance = float(sums) / (n - k)
    plain, cov, corrections = inverse * variance, inverse * variance, None
    if n <= LARGE:
        slope, spread, wider = _kenward_roger(rows, when, rho)
        cov, corrections = plain + variance * wider, (plain, (plain, slope * variance), spread)
    residuals = whiten(target - rows @ params, gaps, rho)
    return Fit(
        names, params, cov, float(n - k), residuals, design @ params, rho, n_dynamics=1, corrections=corrections, weights=weights
    )


def information(rows: Floats, when: NDArray[np.int64], rho: float) -> tuple[Floats, ...]:
    """Correlation matrix, its derivative in rho, precision times rows, covariance of the REML (log variance, rho)."""
    n, k = rows.shape
    lag = np.abs(np.subtract.outer(when, when))
    errors = np.power(rho, lag)
    turned = np.where(lag > 0, lag * np.power(rho, np.maximum(lag - 1, 0)), 0.0)
    precision = np.linalg.inv(errors)
    half = precision @ rows
    projected = precision @ turned - half @ np.linalg.inv(rows.T @ half) @ (half.T @ turned)
    cross, square = np.trace(projected), (projected * projected.T).sum()
    return errors, turned, half, np.asarray(np.linalg.inv(0.5 * np.array([[n - k, cross], [cross, square]])))


def _kenward_roger(rows: Floats, when: NDArray[np.int64], rho: float) -> tuple[Floats, Floats, Floats]:
    """Derivative in rho of the inverse Gram matrix, covariance of (log variance, rho), addition for the uncertainty of rho."""
    errors, turned, half, spread = information(rows, when, rho)
    inverse = np.linalg.inv(rows.T @ half)
    first = half.T @ turned @ half
    second = half.T @ turned @ np.linalg.solve(errors, turned) @ half
    wider = 2 * spread[1, 1] * inverse @ (second - first @ inverse @ first) @ inverse
    return inverse @ first @ inverse, spread, wider


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
        raise AnalysisError(f"the ARIMA{order} fit did not converge; use a smaller order, or method='ar1'")
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
