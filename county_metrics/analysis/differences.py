"""Difference-in-differences by two-way fixed effects or two by two, and the difference of two means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse, stats

from county_metrics.analysis.arguments import absent, choice, columns, frame, require, share
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.clustered import Spread, estimate, few_clusters, places, spread
from county_metrics.analysis.decomposition import decompose
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate
from county_metrics.analysis.panel import Array, Panel, read_panel
from county_metrics.analysis.randomisation import SEED, assignments, randomisation_checks, randomised
from county_metrics.analysis.within import fit_two_by_two, fit_within
from county_metrics.present.number import number
from county_metrics.present.panel_plot import line, paths_block
from county_metrics.present.wording import say

_DRAWS = 9999
Method = Literal["twfe", "two_by_two"]
Covariance = Literal["cluster", "classical"]
Variance = Literal["HC2", "classical"]


def difference_in_differences(
    data: pd.DataFrame, *, outcome: str, unit: str | None, period: str, treatment_start: str | None = None,
    treated: str | None = None, post: str | None = None, intervention_time: Any = None, method: Method = "twfe",
    weights: str | None = None, cluster: str | None = None, covariates: Sequence[str] = (), log: bool = False,
    balanced: bool = False, cross_sections: bool = False, covariance: Covariance = "cluster", level: float = 0.95,
) -> EffectResult:  # fmt: skip
    """Difference-in-differences where treatment starts once: two by two, or with effects of units and periods.

    Parameters
    ----------
    data : pandas.DataFrame
        Tidy: one row a unit and period.
    outcome, unit, period : str
        Columns. Periods are whole numbers (years), dates, ``YYYY-MM`` or ``YYYYQn``. `unit` None (two by two only): every row
        is its own unit, as in repeated cross-sections of persons or houses.
    treatment_start : str, optional
        Column with the first treated period of each unit; empty, NaN, 0 or infinite: never.
    treated : str, optional
        Instead: column of 0 and 1, the treated group (with `post` or `intervention_time`, unless there are two periods) or the
        state of treatment.
    post : str, optional
        Column of 0 and 1: whether the period is at or after the start.
    intervention_time : optional
        First treated period.
    method : {"twfe", "two_by_two"}
        Effects of units and periods, or means of two groups before and after (all rows, effects of units left out).
    weights, cluster : str, optional
        Columns; a cluster holds whole units, and is the unit unless named.
    covariates : sequence of str
        Numeric columns.
    log : bool
        Take the natural logarithm of the outcome.
    balanced : bool
        Keep only units with every period.
    cross_sections : bool
        Several rows a unit and period are meant.
    covariance : {"cluster", "classical"}
        Errors by cluster (CR1), or with one variance for all rows (only with `unit` None).
    level : float
        Confidence of the interval.

    Returns
    -------
    EffectResult
        Below 10 treated or comparison clusters there is no error by cluster: the p-value and interval are those of reassigning
        treatment among the clusters, where the panel is balanced, and withheld otherwise.

    Raises
    ------
    AnalysisError
        For a faulty panel (all faults at once), and for treatment that starts at several times: two-way fixed effects would
        then compare with units already treated; see `staggered_adoption` and `twfe_decomposition`.

    Notes
    -----
    **Estimand.** Mean effect on the treated after the start (of the logarithm, with `log`).
    **Assumptions.** Parallel trends without the reform; no anticipation; no spill-over; the same composition over time.
    **Not for.** Starts that differ between units; groups chosen because of their trend.
    """
    wrong = [share("level", level), choice("method", method, Method), choice("covariance", covariance, Covariance)]
    if unit is None and not any(wrong) and method == "twfe":
        wrong.append("effects of units need a unit; name it, or use method='two_by_two' for rows that are their own unit")
    if not any(wrong) and covariance == "classical" and (unit is not None or cluster):
        wrong.append("errors with one variance for all rows ignore that rows of a unit are alike; use covariance='cluster'")
    panel = read_panel(
        data, outcome=outcome, unit=unit, period=period, treatment_start=treatment_start, treated=treated, post=post,
        intervention_time=intervention_time, weights=weights, cluster=cluster, covariates=covariates, log=log,
        balanced=balanced, cross_sections=cross_sections, by_group=method == "two_by_two", wrong=wrong,
    )  # fmt: skip
    if len(panel.starts) > 1:
        raise AnalysisError(_staggered_text(panel))
    checks: tuple[CheckResult, ...] = ()
    if method == "twfe":
        fit = fit_within(panel, sparse.csr_array(panel.exposed[:, None]))
        found = spread(panel, fit.influence, fit.scale)
    else:
        fit, variance = fit_two_by_two(panel)
        found = spread(panel, fit.influence, fit.scale)
        if covariance == "classical":
            freedom = len(panel.outcome) - 4 - panel.covariates.shape[1]
            found = Spread(np.array([[variance]]), np.array([float(freedom)]), found.sides)
    value = float(fit.coefficient[0])
    headline = estimate("att", say("panel.att"), value, found, level=level, unit=panel.measure)
    if others := None if found.bearable and len(panel.units) > 200 else assignments(panel, _DRAWS, SEED):
        checks = randomisation_checks(others, panel.measure)
        if not found.bearable and math.isclose(others.estimate, value, rel_tol=1e-6, abs_tol=1e-12):
            headline = randomised("att", headline.label, others, level, panel.measure, few_clusters(found.sides))
    return EffectResult(
        method="difference_in_differences",
        design="panel",
        estimand=say("panel.estimand_log" if log else "panel.estimand"),
        estimates=(headline,),
        counts=panel.counts,
        settings={
            "method": method,
            "covariance": covariance,
            "first_treated_period": panel.grid.label(panel.starts[0]),
            "log": log,
        },
        assumptions=(say("panel.parallel"), say("panel.no_anticipation"), *([say("panel.rows_apart")] if unit is None else [])),
        notes=panel.notes,
        checks=checks,
        data=(means := group_means(panel)),
        plots=(_paths(panel, means, outcome),),
        level=level,
        simulated=panel.simulated,
    )


def group_means(panel: Panel) -> pd.DataFrame:
    """Weighted mean of the outcome of treated and comparison units by period: ``period, group, mean``."""
    group = np.where(panel.treated[panel.unit], "treated", "comparison")
    rows = pd.DataFrame({"position": panel.period, "group": group, "mass": panel.weight, "sum": panel.weight * panel.outcome})
    means = rows.groupby(["position", "group"], as_index=False).sum()
    means["mean"] = means["sum"] / means["mass"]
    means.insert(0, "period", [panel.grid.label(place) for place in means["position"]])
    return means[["period", "position", "group", "mean"]]


def _paths(panel: Panel, means: pd.DataFrame, outcome: str) -> dict[str, Any]:
    lines = [
        line(
            say(f"panel_plot.{'treated' if group == 'treated' else 'comparison'}"),
            list(zip(rows["position"], rows["mean"], strict=True)),
        )
        for group, rows in sorted(means.groupby("group"), reverse=True)
    ]
    ticks = [(float(place), panel.grid.label(place)) for place in np.unique(panel.period)]
    return paths_block("paths", "paths", outcome, panel.measure, lines, ticks, panel.starts[0], simulated=panel.simulated)


def _staggered_text(panel: Panel) -> str:
    coefficient, parts, _ = decompose(panel)
    listed = ", ".join(panel.grid.label(start) for start in panel.starts[:6]) + (", …" if len(panel.starts) > 6 else "")
    text = (
        f"treatment starts at {len(panel.starts)} different times ({listed}). One two-way fixed effects coefficient would be "
        f"{coefficient:.{places(coefficient)}f}, but it also compares with units already treated"
    )
    if parts is not None:
        weight = parts.groupby("kind")["weight"].sum()
        text += f", with {100 * weight.get('later_vs_earlier', 0.0):.1f} % of its weight (Goodman-Bacon)"
    return text + ". Use staggered_adoption(…) for an estimate and twfe_decomposition(…) to see the comparisons beside it."


def difference_in_means(
    data: pd.DataFrame, *, outcome: str, treated: str, covariance: Variance = "HC2", level: float = 0.95
) -> EffectResult:
    """Difference between the means of treated and untreated rows, as of an experiment.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a person or case.
    outcome, treated : str
        Numeric column; column of 0 and 1.
    covariance : {"HC2", "classical"}
        A variance for each group (Neyman's and Welch's), or one for both.
    level : float
        Confidence of the interval.

    Returns
    -------
    EffectResult

    Raises
    ------
    AnalysisError
        If columns are missing, values are not numbers, or a group has fewer than two rows.

    Notes
    -----
    **Estimand.** Mean effect on all rows, if treatment was assigned by lot.
    **Assumptions.** Assignment by lot, row by row; no spill-over.
    **Not for.** Before and after, or groups that chose their treatment: the difference then is no effect.
    """
    settings = (share("level", level), choice("covariance", covariance, Variance))
    require(frame(data, "one row a person or case"), *columns(outcome=outcome, treated=treated), *settings)
    return _means_result(*_two_groups(data, outcome, treated), covariance, level, data)


def _two_groups(data: pd.DataFrame, outcome: str, treated: str) -> tuple[Array, Array, int]:
    require(*absent(data, (outcome, treated)))
    rows = data[[outcome, treated]].dropna()
    values, group = (pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=float) for name in (outcome, treated))
    problems = [f"{outcome}: not a finite number in rows {rows.index[~np.isfinite(values)][:5].tolist()}"] * (
        not np.isfinite(values).all()
    )
    if not np.isin(group, (0, 1)).all():
        problems.append(
            f"{treated}: only 0 and 1 are allowed; found {sorted(set(rows[treated][~np.isin(group, (0, 1))].astype(str)))[:5]}"
        )
    elif min((group == 1).sum(), (group == 0).sum()) < 2:
        problems.append(f"{treated}: each group needs at least two rows; there are {(group == 1).sum()} and {(group == 0).sum()}")
    require(*problems)
    return values[group == 1], values[group == 0], len(data) - len(rows)


def _means_result(one: Array, other: Array, missing: int, covariance: str, level: float, data: pd.DataFrame) -> EffectResult:
    parts = [np.var(group, ddof=1) / len(group) for group in (one, other)]
    freedom = float(len(one) + len(other) - 2)
    if covariance == "classical":
        pooled = (np.square(one - one.mean()).sum() + np.square(other - other.mean()).sum()) / freedom
        variance = float(pooled * (1 / len(one) + 1 / len(other)))
    else:
        variance = float(sum(parts))
        below = float(sum(part**2 / (len(group) - 1) for part, group in zip(parts, (one, other), strict=True)))
        freedom = variance**2 / below if below else freedom
    value, error, measure = float(one.mean() - other.mean()), math.sqrt(variance), str(data.attrs.get("unit", ""))
    if error > 0:
        half = float(stats.t.ppf((1 + level) / 2, freedom)) * error
        p_value = 2 * float(stats.t.sf(abs(value) / error, freedom))
        shown = Estimate(
            "difference", say("panel.difference"), value, error, value - half, value + half, value / error, p_value, measure
        )
    else:
        shown = Estimate("difference", say("panel.difference"), value, unit=measure, withheld=say("panel.no_spread"))
    notes = [say("panel.missing_rows", count=number(missing, ref="result:n_missing_rows"), where="")] if missing else []
    return EffectResult(
        method="difference_in_means", design="records", estimand=say("panel.means_estimand"), estimates=(shown,),
        counts={"observations": len(one) + len(other), "treated": len(one), "controls": len(other)},
        settings={"covariance": covariance, "degrees_of_freedom": freedom}, assumptions=(say("panel.by_lot"),),
        notes=tuple(notes), level=level, simulated=bool(data.attrs.get("simulated", False)),
    )  # fmt: skip
