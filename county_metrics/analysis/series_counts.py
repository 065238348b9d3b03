"""Fits of a segmented regression of counts."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.series_coverage import LARGE
from county_metrics.analysis.series_data import Floats
from county_metrics.analysis.series_errors import reml_rho
from county_metrics.analysis.series_fit import Fit

# Below it, intervals of counts whose latent factor is mere noise were useless in simulations, and no truer.
_LEAST_FREEDOM = 4.0
MOST_LATENT = 0.95
# Least singular value of what is not rounding.
_RANK = 1e-9
_STARTS = ((0.1, 0.2), (1.0, 0.5), (1.0, 0.9))


def fit_counts(
    y: Floats, design: Floats, when: NDArray[np.int64], names: tuple[str, ...], family: str, errors: str, lags: int,
    offset: Floats, weights: Floats | None = None,
) -> Fit:  # fmt: skip
    """Log-linear model of counts by maximum likelihood; errors latent AR(1), scaled by the dispersion, own, or Newey–West."""
    import statsmodels.api as sm

    extra: dict[str, Any] = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}} if errors == "hac" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            alpha = _overdispersion(y, design, offset) if family == "negative_binomial" else 0.0
            kind = sm.families.NegativeBinomial(alpha=alpha) if alpha else sm.families.Poisson()
            counted = sm.GLM(y, design, family=kind, offset=offset, var_weights=weights)
            found = counted.fit(tol_criterion="params", **extra)
        except (ValueError, np.linalg.LinAlgError) as error:
            raise AnalysisError("means of the counts are beyond reckoning; look at exposure, offset and covariates") from error
    if family == "negative_binomial" and not alpha:
        raise AnalysisError("the counts vary no more than a Poisson does, so there is no negative binomial; use method='poisson'")
    freedom = float(found.df_resid)
    if not found.converged:
        raise AnalysisError("no convergence; leave out season, covariates, slope or trend")
    dispersion = float(found.pearson_chi2) / freedom
    cov = np.asarray(found.cov_params()) * (dispersion if errors == "quasi" else 1.0)
    mean = np.asarray(found.mu)
    working = mean / (1 + alpha * mean) * (1.0 if weights is None else weights)
    params, root = np.asarray(found.params), np.sqrt(working)
    pearson = root * (y - mean) / mean
    rows, target, gaps = design * root[:, None], pearson + root * (design @ params), np.diff(when)
    rho = reml_rho(target, rows, gaps)
    fit = Fit(
        names, params, cov, freedom, pearson, design @ params + offset, rho, dispersion=dispersion,
        weights=working, basis=np.linalg.qr(rows)[0], settings={"dispersion": dispersion} | ({"alpha": alpha} if alpha else {}),
    )  # fmt: skip
    return _latent(fit, target, rows, working, when) if errors == "ar1" else fit


def apart_of(y: Floats, design: Floats, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Counts of 0 whose mean some coefficients drive to 0 without end; those of a season may, what is reported must not.

    By linear programming, as by Correia, Guimarães and Zylkin (2019, arXiv 1903.01633).
    """
    from scipy import sparse
    from scipy.linalg import null_space
    from scipy.optimize import linprog

    basis, turn = np.linalg.qr(design)
    apart, none = np.zeros(len(y), dtype=bool), np.flatnonzero(y == 0)
    moves = basis[none] @ null_space(np.linalg.qr(basis[y > 0], mode="r"), rcond=_RANK)
    if moves.size:
        (n, k), moves = moves.shape, np.where(np.abs(moves) > _RANK, moves, 0.0)
        limits, bounds = sparse.hstack([sparse.csr_array(moves), sparse.eye_array(n)]), [(None, None)] * k + [(0, 1)] * n
        found = linprog(np.repeat([0, -1], [k, n]), A_ub=limits, b_ub=np.zeros(n), bounds=bounds)
        apart[none] = found.x[k:] > 0.5
    back, free = np.linalg.inv(turn), null_space(np.linalg.qr(basis[~apart], mode="r"), rcond=_RANK)
    off = np.linalg.norm(back @ free, axis=1) > 1e-6 * np.linalg.norm(back, axis=1)
    lost = [name.removeprefix("column ") for name in np.array(names)[off] if not name.startswith(("season_", "const"))]
    if lost:
        raise AnalysisError(
            f"{', '.join(lost)}: decided by counts of 0 alone, so that no finite estimate is the likeliest; leave out slope, "
            "trend or season, or use method='auto'; a covariate leave out with the periods it marks (empty cells, missing='drop')"
        )
    return apart


def _latent(fit: Fit, target: Floats, rows: Floats, working: Floats, when: NDArray[np.int64]) -> Fit:
    """The fit with the covariance of its coefficients when a latent AR(1) process multiplies the Poisson mean.

    Variance mean + s mean², correlation s rho^lag between the latent factors, as by Zeger (1988, Biometrika 75, 621–629).
    The coefficients stay those of maximum likelihood; s and rho come from restricted likelihood on the working scale,
    degrees of freedom from Satterthwaite's approximation. Where no s above 0 is clearly likelier, errors scale by the dispersion.
    """
    if len(rows) > LARGE:
        raise AnalysisError(f"errors='ar1' takes at most {LARGE} periods; use errors='hac', which so long a series bears")
    lag, root = np.abs(np.subtract.outer(when, when)), np.sqrt(working / working.mean())
    scale = np.outer(root, root)
    size, rho = _restricted(target, rows, lag, scale, max(fit.dispersion, 1.0))
    settings = fit.settings | {"latent_variance": round(size / float(working.mean()), 9)}
    if not size:
        return replace(fit, cov=fit.cov * fit.dispersion, rho=0.0, settings=settings)
    slope = np.arange(lag.max() + 1) * np.power(rho, np.maximum(np.arange(lag.max() + 1) - 1, 0))
    # Derivatives in the logarithm of the variance, of a size that does not hang on that of the counts.
    parts = (size * _shared(lag, scale, rho), size * scale * slope[lag])
    covariance = np.eye(len(lag)) + parts[0]
    half = np.linalg.solve(covariance, rows)
    projected = np.linalg.inv(covariance) - half @ np.linalg.inv(rows.T @ half) @ half.T
    turned = [projected @ part for part in parts]
    spread = np.linalg.pinv(0.5 * np.array([[(one * other.T).sum() for one in turned] for other in turned]))
    bread = np.linalg.inv(rows.T @ rows)
    plain, *slopes = (bread @ rows.T @ middle @ rows @ bread for middle in (covariance, *parts))
    white = np.linalg.solve(np.linalg.cholesky(covariance), np.column_stack([rows, fit.residuals]))
    corrections = (plain, tuple(slopes), np.asarray(spread))
    basis, residuals = np.linalg.qr(white[:, :-1])[0], white[:, -1]
    return replace(
        fit, cov=plain, rho=rho, residuals=residuals, basis=basis, n_dynamics=1,
        least_freedom=_LEAST_FREEDOM, corrections=corrections, settings=settings,
    )  # fmt: skip


def _shared(lag: NDArray[np.int64], scale: Floats, rho: float) -> Floats:
    """Covariance that a latent factor of variance 1 gives the Pearson residuals."""
    return scale * np.power(rho, np.arange(lag.max() + 1))[lag]


def _restricted(target: Floats, rows: Floats, lag: NDArray[np.int64], scale: Floats, unit: float) -> tuple[float, float]:
    """Latent variance (times the mean working weight) and correlation of the largest restricted likelihood, searched in a unit.

    None where that lowers the deviance by less than 1: such a factor would be noise, and its correlation any.
    """
    from scipy.linalg import solve_triangular
    from scipy.optimize import minimize

    def deviance(point: Floats) -> float:
        lower = np.linalg.cholesky(np.eye(len(lag)) + unit * point[0] * _shared(lag, scale, float(point[1])))
        white = solve_triangular(lower, np.column_stack([rows, target]), lower=True)
        design, outcome = white[:, :-1], white[:, -1]
        upper = np.linalg.qr(design)
        left = outcome - upper.Q @ (upper.Q.T @ outcome)
        return float(2 * (np.log(np.diag(lower)).sum() + np.log(np.abs(np.diag(upper.R))).sum()) + left @ left)

    bounds = ((0.0, 1e4), (0.0, MOST_LATENT))
    found = min((minimize(deviance, start, method="L-BFGS-B", bounds=bounds) for start in _STARTS), key=lambda fit: fit.fun)
    # Rounded, so that the last bits of an optimiser, which differ between machines, reach no result.
    size, rho = (round(float(value), 4) for value in found.x)
    return (unit * size, rho) if deviance(np.zeros(2)) - found.fun > 1 else (0.0, 0.0)


def _overdispersion(y: Floats, design: Floats, offset: Floats) -> float:
    """Alpha of the negative binomial (variance mu + alpha mu²) by profile maximum likelihood; 0 where a Poisson does."""
    import statsmodels.api as sm
    from scipy.optimize import minimize_scalar

    def deviance(log_alpha: float) -> float:
        family = sm.families.NegativeBinomial(alpha=float(np.exp(log_alpha)))
        return -float(sm.GLM(y, design, family=family, offset=offset).fit().llf)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = minimize_scalar(deviance, bounds=(-14, 3), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(round(float(found.x), 6))) if found.x >= -13 else 0.0
