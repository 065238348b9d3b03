"""Fits of a segmented regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.series_data import Floats
from county_metrics.analysis.series_errors import Restricted, Widest, arma, first_correlation, flat, reml_rho, whitened


@dataclass(frozen=True)
class Fit:
    """Coefficients with their covariance, and what is needed for intervals of their combinations.

    `params` and `cov` are on the scale of the link; `freedom` of t is infinite for normal quantiles. `residuals` are
    uncorrelated where the fit models the correlation; `fitted` is the linear predictor. `rho` is the autoregressive
    coefficient by REML. `widest`: what the variance of a combination may not be below; see `fit_arma`.
    `corrections`, for Satterthwaite's degrees of freedom: covariance, its derivatives in the parameters of the errors, the
    covariance of these. `basis`: orthonormal columns that took their part out of the residuals.
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
    widest: Widest | None = None
    corrections: tuple[Floats, tuple[Floats, ...], Floats] | None = None
    dispersion: float = 1.0
    height: float = 0.0
    weights: Floats | None = None
    basis: Floats | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether nothing but rounding is left."""
        return flat(self.residuals, self.fitted, self.height)

    def contrast(self, direction: Floats) -> tuple[float, float, float]:
        """Estimate, standard error and degrees of freedom of a combination of the coefficients."""
        estimate, variance = float(direction @ self.params), float(direction @ self.cov @ direction)
        if self.widest is not None:
            variance = max(variance, self.widest(direction))
        freedom = self.freedom
        if self.corrections is not None:
            plain, slopes, spread = self.corrections
            gradient = np.array([direction @ slope @ direction for slope in slopes])
            own = gradient @ spread @ gradient
            ratio = 2 * float(direction @ plain @ direction) ** 2 / own if own > 0 else freedom
            freedom = float(np.clip(ratio, self.least_freedom, freedom))
        return estimate, float(np.sqrt(max(variance, 0.0))), freedom

    def turned(self, back: Floats) -> Fit:
        """The fit with coefficients `back` @ `params`."""
        corrections, widest = self.corrections, self.widest
        if corrections is not None:
            plain, slopes, spread = corrections
            corrections = back @ plain @ back.T, tuple(back @ slope @ back.T for slope in slopes), spread
        moved = None if widest is None else lambda direction: widest(back.T @ direction)
        return replace(self, params=back @ self.params, cov=back @ self.cov @ back.T, widest=moved, corrections=corrections)


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


def fit_arma(
    y: Floats, design: Floats, when: NDArray[np.int64], names: tuple[str, ...], weights: Floats | None = None, *,
    ar1: bool = False, alone: bool = False,
) -> Fit:  # fmt: skip
    """Generalised least squares with ARMA(1,1) or AR(1) errors by restricted maximum likelihood.

    A series of usual length leaves open how its errors are correlated, and standard errors differ much between what is nearly
    as likely. With ARMA(1,1) errors that of each combination of coefficients is therefore `TAKEN` times the largest over all
    pairs that are likely, `DISTANCE` times the squared distance of the estimate under that pair added to its variance, and not
    below its own. `alone` spares these.
    """
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    target, rows, gaps = y * root, design * root[:, None], np.diff(when)
    errors = Restricted(target, rows, gaps)
    rho, theta, largest = (reml_rho(target, rows, gaps), 0.0, None) if ar1 else arma(errors, alone=alone)
    first = first_correlation(rho, theta)
    params, cov = (each[0] for each in errors.solved([(rho, first)]))
    settings = {} if ar1 else {"theta": theta, "neighbours": round(first, 4)}
    residuals = whitened(target - rows @ params, gaps, rho, first)
    taken = np.linalg.qr(np.column_stack([whitened(column, gaps, rho, first) for column in rows.T]))[0]
    return Fit(
        names, params, cov, float(len(y) - len(names)), residuals, design @ params, rho, n_dynamics=2 - ar1, widest=largest,
        weights=weights, basis=taken, settings=settings,
    )  # fmt: skip


def newey_west_lags(n: int) -> int:
    """Default number of lags, floor(4 (n/100)^(2/9)) (Newey and West 1994, Review of Economic Studies 61, 631–653)."""
    return int(np.floor(4 * (n / 100) ** (2 / 9)))


def fit_ols(
    y: Floats, design: Floats, when: NDArray[np.int64], names: tuple[str, ...], errors: str, lags: int,
    weights: Floats | None = None,
) -> Fit:  # fmt: skip
    """Least squares with Newey–West (``hac``) or classical errors, t with n − k degrees of freedom."""
    import statsmodels.api as sm

    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    rows = design * root[:, None]
    extra: dict[str, Any] = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}} if errors == "hac" else {}
    found = sm.OLS(y * root, rows).fit(use_t=True, **extra)
    rho = reml_rho(y * root, rows, np.diff(when))
    params, cov, freedom = np.asarray(found.params), np.asarray(found.cov_params()), float(found.df_resid)
    left, taken = np.asarray(found.resid), np.linalg.qr(rows)[0]
    return Fit(names, params, cov, freedom, left, design @ params, rho, weights=weights, basis=taken)


def fit_arima(
    y: Floats, design: Floats, names: tuple[str, ...], order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int]
) -> Fit:
    """Regression with ARIMA errors by exact maximum likelihood; `y` is NaN where a period is not used."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    taken = order[1] + seasonal_order[1]
    drop = {"const"} if taken == 1 else {"const", "trend"} if taken > 1 else set()
    used = [place for place, name in enumerate(names) if name not in drop]
    size, height = np.abs(design[:, used]).max(axis=0), float(np.nanstd(y)) or 1.0
    k, seen, dynamics = len(used), ~np.isnan(y), order[0] + order[2] + seasonal_order[0] + seasonal_order[2]
    skipped = order[1] + seasonal_order[1] * seasonal_order[3]
    if k + dynamics + skipped >= seen.sum():
        raise AnalysisError(f"{seen.sum()} periods cannot bear ARIMA{order}{seasonal_order}; use smaller orders, or 'auto'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = SARIMAX(y / height, exog=design[:, used] / size, order=order, seasonal_order=seasonal_order)
            # The default, products of scores, is of no use after one outlier or many gaps.
            found = model.fit(disp=False, maxiter=500, cov_type="approx")
    except (ValueError, np.linalg.LinAlgError) as error:
        raise AnalysisError(f"ARIMA{order}{seasonal_order} cannot be fitted: {error}; use other orders, or 'auto'") from error
    if not found.mle_retvals["converged"]:
        raise AnalysisError(f"the ARIMA{order} fit did not converge; use a smaller order, or method='auto'")
    held = np.flatnonzero(seen)
    target = y[seen]
    rho = 0.0 if taken else reml_rho(target, design[seen], np.diff(held))
    residuals = height * np.asarray(found.resid)[seen][skipped:]
    back = height / size
    cov = np.asarray(found.cov_params())[:k, :k] * np.outer(back, back)
    settings = {"order": "-".join(map(str, order)), "seasonal_order": "-".join(map(str, seasonal_order))}
    fitted = height * np.asarray(found.fittedvalues)[seen]
    params = np.asarray(found.params)[:k] * back
    return Fit(tuple(names[j] for j in used), params, cov, np.inf, residuals, fitted, rho, n_dynamics=dynamics, settings=settings)
