"""Least squares with effects of units and periods, or two by two, and the influence of each cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.panel import Array, Panel


@dataclass(frozen=True)
class Fit:
    """Coefficients of the terms of interest, and the influence of each cluster on them."""

    coefficient: Array
    influence: Array
    scale: float


def fit_within(panel: Panel, terms: sparse.csr_array) -> Fit:
    """Weighted least squares on the terms, the panel's covariates, and effects of units and periods, without dummies.

    Unit effects are taken out cell by cell and period effects by one small solve, so any panel is exact: unbalanced,
    weighted, long. Memory grows with the rows plus (terms + periods) squared.

    Raises
    ------
    AnalysisError
        If a term cannot be told from the effects of units and periods.
    """
    rows, count = len(panel.outcome), terms.shape[1]
    weight, periods = panel.weight, np.unique(panel.period, return_inverse=True)[1]
    units = sparse.csr_array((np.ones(rows), (np.arange(rows), panel.unit)))
    dates = sparse.csr_array((np.ones(rows), (np.arange(rows), periods)))[:, 1:]
    design = sparse.csr_array(sparse.hstack([terms, sparse.csr_array(panel.covariates), dates]))
    split = count + panel.covariates.shape[1]
    mass = units.T @ weight
    outcome = panel.outcome - ((units.T @ (weight * panel.outcome)) / mass)[panel.unit]
    weighted = sparse.csr_array(design.multiply(weight[:, None]))
    within = (units.T @ weighted).toarray()
    gram = (design.T @ weighted).toarray() - within.T @ (within / mass[:, None])
    moment = weighted.T @ outcome
    through = np.linalg.pinv(gram[split:, split:], hermitian=True) @ gram[split:, :split]
    inner = gram[:split, :split] - gram[:split, split:] @ through
    size = np.sqrt(np.maximum(np.diag(gram)[:split], 1e-300))
    if np.linalg.matrix_rank(inner / np.outer(size, size), tol=1e-9, hermitian=True) < split:
        raise AnalysisError(
            "a term cannot be told from the effects of units and periods: a covariate is fixed within units or the same for all "
            "in each period, or there is no comparison in some period; leave the covariate out or pool leads and lags"
        )
    bread = np.linalg.inv(inner)
    coefficient = bread @ (moment[:split] - through.T @ moment[split:])
    dated = np.linalg.pinv(gram[split:, split:], hermitian=True) @ (moment[split:] - gram[split:, :split] @ coefficient)
    residual = outcome - design @ np.concatenate([coefficient, dated])
    residual -= ((units.T @ (weight * residual)) / mass)[panel.unit]
    groups = sparse.csr_array((weight * residual, (panel.cluster[panel.unit], np.arange(rows))))
    score = (groups @ design).toarray()
    influence = (score[:, :split] - score[:, split:] @ through) @ bread
    return Fit(coefficient[:count], influence[:, :count], _small_sample(panel, split + dates.shape[1] + 1))


def _small_sample(panel: Panel, parameters: int) -> float:
    """Factor of Liang and Zeger's errors (CR1); unit effects within clusters are not counted."""
    groups, rows = len(np.unique(panel.cluster)), len(panel.outcome)
    return groups / max(groups - 1, 1) * (rows - 1) / max(rows - parameters, 1)


def fit_two_by_two(panel: Panel) -> tuple[Fit, float]:
    """Weighted least squares on group, after, both, and covariates; also the classical variance of the effect."""
    group = panel.treated[panel.unit].astype(float)
    after = (panel.period >= panel.starts[0]).astype(float)
    design = np.column_stack([group * after, np.ones(len(group)), group, after, panel.covariates])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise AnalysisError("two by two needs rows of both groups before and after, and covariates that differ from them")
    weighted = design * panel.weight[:, None]
    bread = np.linalg.inv(weighted.T @ design)
    coefficient = bread @ (weighted.T @ panel.outcome)
    residual = panel.outcome - design @ coefficient
    score = np.zeros((panel.cluster.max() + 1, design.shape[1]))
    np.add.at(score, panel.cluster[panel.unit], weighted * residual[:, None])
    freedom = max(len(residual) - design.shape[1], 1)
    classical = float(panel.weight @ residual**2 / freedom * bread[0, 0])
    return Fit(coefficient[:1], (score @ bread)[:, :1], _small_sample(panel, design.shape[1])), classical
