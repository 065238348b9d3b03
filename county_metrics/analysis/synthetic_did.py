"""Synthetic difference-in-differences, by diff-diff."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from county_metrics.analysis import arguments
from county_metrics.analysis.clustered import LEAST_CLUSTERS, places
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate
from county_metrics.analysis.panel import Panel, library_notes, read_panel
from county_metrics.analysis.randomisation import SEED
from county_metrics.analysis.synthetic import balanced_table
from county_metrics.present.number import number
from county_metrics.present.wording import say

Variance = Literal["placebo", "jackknife", "bootstrap"]


def synthetic_did(
    data: pd.DataFrame, *, outcome: str, unit: str, period: str, treatment_start: str | None = None, treated: str | None = None,
    post: str | None = None, intervention_time: Any = None, variance: Variance = "placebo", log: bool = False,
    balanced: bool = False, draws: int = 200, seed: int = SEED, level: float = 0.95,
) -> EffectResult:  # fmt: skip
    """Synthetic difference-in-differences (Arkhangelsky and others), by diff-diff: weighted units, weighted periods before.

    Parameters
    ----------
    data, outcome, unit, period, treatment_start, treated, post, intervention_time, log, balanced
        As for `difference_in_differences`; treatment starts once, every unit has every period.
    variance : {"placebo", "jackknife", "bootstrap"}
        Spread over placebo assignments among the controls, over leaving units out, or over resampled units.
    draws, seed : int
        Of placebo assignments or resamples.
    level : float
        Confidence of the interval.

    Returns
    -------
    EffectResult
        `settings` hold the weights of units and periods; no interval below 10 treated or 10 other units.

    Raises
    ------
    AnalysisError
        For a faulty panel, starts that differ, or a jackknife with one treated unit.

    Notes
    -----
    **Estimand.** Mean effect on treated units after the start.
    **Assumptions.** Trends parallel after weighting; for placebo errors, the same spread among treated and controls.
    **Not for.** Starts that differ between units.

    The jackknife's interval takes t quantiles with one degree of freedom less than the smaller group has units: normal ones
    are too narrow where that group is small.
    """
    numbers = (arguments.whole("draws", draws, least=50, example=200), arguments.whole("seed", seed, least=0, example=SEED))
    panel = read_panel(
        data, outcome=outcome, unit=unit, period=period, treatment_start=treatment_start, treated=treated, post=post,
        intervention_time=intervention_time, log=log, balanced=balanced,
        wrong=(arguments.share("level", level), arguments.choice("variance", variance, Variance), *numbers),
    )  # fmt: skip
    if len(panel.starts) > 1:
        raise AnalysisError("synthetic difference-in-differences takes one start; use staggered_adoption where starts differ")
    balanced_table(panel)
    treated_units = int(panel.treated.sum())
    if variance == "jackknife" and treated_units == 1:
        raise AnalysisError("the jackknife cannot leave out the only treated unit; use variance='placebo'")
    fitted, said = _fit_sdid(panel, variance, draws, seed, level)
    error = float(fitted.se) if np.isfinite(fitted.se) and fitted.se > 0 else None
    why = None
    if error is None:
        why = say("synthetic.sdid_donors")
    elif min(treated_units, len(panel.treated) - treated_units) < LEAST_CLUSTERS:
        count = {
            "treated": number(treated_units, ref="result:n_treated"),
            "others": number(len(panel.treated) - treated_units, ref="result:n_controls"),
            "least": number(LEAST_CLUSTERS, ref="constant:least_clusters"),
        }
        why = say("synthetic.sdid_few", **count)
    low, high, p_value = (None, None, None) if why else _interval(fitted, variance, panel.treated, level)
    headline = Estimate(
        "att", say("synthetic.sdid"), float(fitted.att), error, low, high, None, p_value, panel.measure, why, places(fitted.att)
    )
    weights = {str(panel.units[code]): round(float(w), 6) for code, w in sorted(fitted.unit_weights.items()) if w > 1e-6}
    times = {panel.grid.label(place): round(float(w), 6) for place, w in sorted(fitted.time_weights.items()) if w > 1e-6}
    return EffectResult(
        method="synthetic_did", design="panel", estimand=say("synthetic.sdid_estimand"), estimates=(headline,),
        counts=panel.counts,
        settings={"variance": variance, "draws": draws, "seed": seed, "weights": weights, "period_weights": times},
        assumptions=(say("panel.parallel"), say("panel.no_anticipation")), notes=(*panel.notes, *said), level=level,
        simulated=panel.simulated,
    )  # fmt: skip


def _interval(fitted: Any, variance: str, treated: NDArray[np.bool_], level: float) -> tuple[float, float, float]:
    """Ends of the interval and p-value."""
    if variance != "jackknife":
        return float(fitted.conf_int[0]), float(fitted.conf_int[1]), float(fitted.p_value)
    from scipy import stats

    freedom, ratio = int(min(treated.sum(), (~treated).sum())) - 1, fitted.att / fitted.se
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * fitted.se
    return float(fitted.att - half), float(fitted.att + half), float(2 * stats.t.sf(abs(ratio), freedom))


def _fit_sdid(panel: Panel, variance: str, draws: int, seed: int, level: float) -> tuple[Any, list[dict[str, Any]]]:
    from diff_diff import SyntheticDiD

    group = panel.treated[panel.unit].astype(int)
    frame = pd.DataFrame({"y": panel.outcome, "unit": panel.unit, "time": panel.period, "group": group})
    after = [int(place) for place in np.unique(panel.period) if place >= panel.starts[0]]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        estimator = SyntheticDiD(variance_method=variance, n_bootstrap=draws, seed=seed, alpha=1 - level)
        fitted = estimator.fit(frame, "y", "group", "unit", "time", post_periods=after)
    return fitted, library_notes(said)
