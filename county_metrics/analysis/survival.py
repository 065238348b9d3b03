"""Durations with cases still open: Kaplan–Meier, restricted mean time, log-rank, and Cox as a sensitivity check."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import choice, columns, real
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import Alternative, AnalysisError, EffectResult, Estimate
from county_metrics.analysis.samples import Array, Samples, read_samples, refusal, settings, t_values, unit_label
from county_metrics.present.number import number
from county_metrics.present.records_plot import survival
from county_metrics.present.wording import say

MOST_COX = 100_000
MOST_TIMES = 5_000


class Curve(NamedTuple):
    """Kaplan–Meier curve at the times at which cases ended; `error` is Greenwood's."""

    times: Array
    share: Array
    at_risk: Array
    ends: Array
    error: Array


def compare_survival(
    data: pd.DataFrame, *, duration: str, event: str, group: str | None = None, received: str | None = None,
    intervention_time: Any = None, horizon: float | None = None, cluster: str | None = None, weights: str | None = None,
    order: tuple[Any, Any] | None = None, selected_on: str | None = None, level: float = 0.95,
    alternative: Alternative = "two-sided", unit: str | None = None,
) -> EffectResult:  # fmt: skip
    """Compare durations before and after where some cases are still open: a change, never an effect.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a case received.
    duration : str
        Column of times from receipt to the end, or to the last look at a case still open; one unit, not negative.
    event : str
        Column that is True (1) where the end was seen, False (0) where the case was still open.
    group, received, intervention_time, order, unit
        As in `compare_records`.
    horizon : float, optional
        Up to when the mean time is restricted; without it the shorter of the longest times of the two periods.
    cluster, weights : str, optional
        Columns of clusters and of sampling weights: the error of the restricted mean then rests on influences.
    selected_on : {"opened", "closed", "all"}, optional
        How cases came into the data; without it that of ``data.attrs["selected_on"]``. Closed cases are refused.
    level : float
        Confidence of the intervals, which are two-sided always.
    alternative : {"two-sided", "less", "greater"}
        Of the p-value of the restricted means: after against before.

    Returns
    -------
    EffectResult
        Terms ``rmst_difference``, ``rmst_before``, ``rmst_after``, ``median_before``, ``median_after``, ``log_rank``
        (chi-squared on 1 degree of freedom), ``hazard_ratio``.

    Raises
    ------
    AnalysisError
        For columns, values or settings that cannot be used, and for data selected on closed cases.

    Notes
    -----
    **Estimand.** Difference, after − before, of the mean time up to the horizon: the area between the survival curves.
    **Assumptions.** Cases (or clusters) are independent; being still open when last seen says nothing of the time needed.
    **Not for.** Extracts of closed cases; the effect of a reform. Medians have the interval of Brookmeyer and Crowley on
    the log–log scale; the Cox model uses Efron's ties.
    """
    declared = getattr(data, "attrs", {}).get("selected_on")
    selected = (declared or "opened") if selected_on is None else selected_on
    wrong = [*columns(duration=duration, event=event), real("horizon", horizon, example=180, optional=True)]
    wrong += [choice("selected_on", selected, ("opened", "closed", "all")), *settings(level, alternative)]
    if isinstance(selected, str) and selected == "closed":
        raise refusal(say("records.closed_refused"))
    samples = read_samples(
        data, duration, group=group, received=received, intervention_time=intervention_time, event=event, cluster=cluster,
        weights=weights, order=order, unit=unit, negative=False, wrong=wrong,
    )  # fmt: skip
    longest = min(float(samples.values[samples.after == after].max()) for after in (False, True))
    horizon = longest if horizon is None else float(horizon)
    if not 0 < horizon <= longest:
        raise AnalysisError(
            f"horizon lies above 0 and at most at {longest:g}, the shorter of the longest times of the two periods"
        )
    curves = [kaplan_meier(samples, after) for after in (False, True)]
    estimates = _restricted(samples, curves, horizon, level, alternative) + _medians(samples, curves, level)
    tests, said = _tests(samples, level)
    simulated = samples.simulated
    n_open = int((~samples.events).sum())
    text = say("survival.open_count", count=number(n_open, ref="result:open")) if n_open else say("survival.none_open")
    asked = [] if alternative == "two-sided" else [say(f"records.one_sided_{alternative}"), say("survival.two_sided")]
    independent = say("records.independent") if samples.clusters is None else say("records.independent_clusters")
    return EffectResult(
        "compare_survival", "records",
        say("survival.estimand", horizon=number(f"{horizon:g}", ref="result:horizon"), unit=unit_label(samples.unit)),
        (*estimates, *tests), samples.counts,
        {"horizon": horizon, "open": n_open, "alternative": alternative, "selected_on": selected},
        (independent, say("records.same_cases"), say("survival.censoring"), say("survival.proportional")),
        (say("records.change_only"), *asked, *said, *samples.notes),
        (CheckResult("open_cases", None, say("records.open_cases"), text),),
        pd.concat([pd.DataFrame(curve._asdict()).assign(after=bool(after)) for after, curve in enumerate(curves)]),
        (survival([_band(curve, level) for curve in curves], samples.labels, unit_label(samples.unit), level, simulated),),
        level, simulated,
    )  # fmt: skip


def kaplan_meier(samples: Samples, after: bool) -> Curve:
    """Kaplan–Meier curve of one sample, by statsmodels."""
    from statsmodels.duration.survfunc import SurvfuncRight

    rows = samples.after == after
    weights = samples.weights[rows] if samples.weighted else None
    found = SurvfuncRight(samples.values[rows], samples.events[rows].astype(int), freq_weights=weights)
    return Curve(*(np.asarray(part, float) for part in (
        found.surv_times, found.surv_prob, found.n_risk, found.n_events, found.surv_prob_se
    )))  # fmt: skip


def _area_after(curve: Curve, horizon: float) -> tuple[float, Array]:
    """Area under the curve up to the horizon, and from each of its times to the horizon."""
    edges = np.concatenate([[0.0], np.minimum(curve.times, horizon), [horizon]])
    pieces = np.diff(edges) * np.concatenate([[1.0], curve.share])
    left = np.cumsum(pieces[::-1])[::-1]
    return float(left[0]), left[1:]


def _restricted(samples: Samples, curves: list[Curve], horizon: float, level: float, alternative: str) -> list[Estimate]:
    found, errors, pulls = [], [], np.zeros(len(samples.after))
    for after, curve in zip((False, True), curves, strict=True):
        area, left = _area_after(curve, horizon)
        found.append(area)
        if not (samples.weighted or samples.clusters is not None):
            open_after = curve.at_risk * (curve.at_risk - curve.ends)
            terms = np.divide(left**2 * curve.ends, open_after, out=np.zeros_like(left), where=open_after > 0)
            errors.append(float(np.sqrt(terms.sum())))
            continue
        rows = samples.after == after
        pulls[rows] = (2 * after - 1) * _influences(samples, rows, curve, left)
        errors.append(_clustered(samples, np.where(rows, pulls, 0.0)))
    value = found[1] - found[0]
    robust = samples.weighted or samples.clusters is not None
    error = _clustered(samples, pulls) if robust else float(np.hypot(errors[0], errors[1]))
    degrees = np.inf if samples.clusters is None else samples.counts["clusters"] - 1.0
    few = samples.few_clusters
    headline = _mean("rmst_difference", say("survival.rmst_difference"), value, error, degrees, level, alternative, few, samples)
    estimates = [headline]
    for place, name in enumerate(("before", "after")):
        label = say("survival.rmst", group=samples.labels[place])
        shown = _mean(f"rmst_{name}", label, found[place], errors[place], degrees, level, "two-sided", few, samples)
        estimates.append(Estimate(
            shown.term, label, shown.estimate, shown.std_error, shown.conf_low, shown.conf_high, unit=samples.unit,
            withheld=shown.withheld,
        ))  # fmt: skip
    return estimates


def _mean(
    term: str, label: Any, value: float, error: float, degrees: float, level: float, alternative: str, few: Any, samples: Samples
) -> Estimate:
    fields = t_values(value, None if few else error, degrees, level, alternative)
    return Estimate(term, label, value, unit=samples.unit, withheld=few or (None if fields else say("records.flat")), **fields)


def _influences(samples: Samples, rows: Array, curve: Curve, left: Array) -> Array:
    """Influence of each record on the restricted mean (minus the integral of its martingale against the area left)."""
    values, events = samples.values[rows], samples.events[rows]
    staying = curve.at_risk - curve.ends
    pull = np.divide(left, staying, out=np.zeros_like(left), where=staying > 0)
    hazard = np.concatenate([[0.0], np.cumsum(pull * curve.ends / curve.at_risk)])
    place = np.searchsorted(curve.times, values, side="right")
    own = np.where(events, pull[np.maximum(place - 1, 0)], 0.0)
    pulls: Array = samples.weights[rows] * (hazard[place] - own)
    return pulls


def _clustered(samples: Samples, pulls: Array) -> float:
    codes = np.arange(len(pulls)) if samples.clusters is None else samples.clusters
    sums = np.bincount(codes, weights=pulls)
    number_of = (np.bincount(codes, weights=pulls != 0) > 0).sum()
    return float(np.sqrt((sums**2).sum() * number_of / max(number_of - 1, 1)))


def _medians(samples: Samples, curves: list[Curve], level: float) -> list[Estimate]:
    from scipy.stats import norm

    wide, found = norm.ppf((1 + level) / 2), []
    for name, label, curve in zip(("before", "after"), samples.labels, curves, strict=True):
        reached = np.flatnonzero(curve.share <= 0.5 + 1e-12)
        if not reached.size:
            continue
        low: float | None = None
        high: float | None = None
        if samples.weighted or samples.clusters is not None:
            reason = say("survival.median_weighted")
        else:
            reason = say("survival.not_reached")
            low, high = _median_ends(curve, wide)
        withheld = reason if low is None or high is None else None
        text = say("survival.median", group=label)
        value = float(curve.times[reached[0]])
        found.append(Estimate(f"median_{name}", text, value, None, low, high, unit=samples.unit, withheld=withheld))
    return found


def _median_ends(curve: Curve, wide: float) -> tuple[float | None, float | None]:
    """Times at which the log–log band of the curve crosses one half."""
    low, high = _log_log(curve, wide)
    crossed = [np.flatnonzero(bound <= 0.5) for bound in (low, high)]
    first, last = (float(curve.times[places[0]]) if places.size else None for places in crossed)
    return first, last


def _log_log(curve: Curve, wide: float) -> tuple[Array, Array]:
    inside = (curve.share > 0) & (curve.share < 1)
    share = np.where(inside, curve.share, 0.5)
    spread = np.where(inside, wide * curve.error / np.abs(share * np.log(share)), 0.0)
    bounds = [np.where(inside, share ** np.exp(sign * spread), curve.share) for sign in (1, -1)]
    return bounds[0], bounds[1]


def _band(curve: Curve, level: float) -> dict[str, Array]:
    from scipy.stats import norm

    low, high = _log_log(curve, norm.ppf((1 + level) / 2))
    parts = {"time": curve.times, "survival": curve.share, "low": low, "high": high}
    return {name: np.concatenate([[0.0 if name == "time" else 1.0], values]) for name, values in parts.items()}


def _tests(samples: Samples, level: float) -> tuple[list[Estimate], list[dict[str, Any]]]:
    """Log-rank test and Cox model, and what is said where one is left out."""
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import survdiff

    estimates, notes = [], []
    ends = [bool(samples.events[samples.after == after].any()) for after in (False, True)]
    if samples.weighted or samples.clusters is not None:
        notes.append(say("survival.log_rank_weighted"))
    elif any(ends):
        chi, p_value = survdiff(samples.values, samples.events.astype(int), samples.after)
        label = say("survival.log_rank")
        estimates.append(Estimate("log_rank", label, float(chi), statistic=float(chi), p_value=float(p_value), places=2))
    few = samples.few_clusters
    large = len(samples.after) > MOST_COX or len(np.unique(samples.values)) > MOST_TIMES
    if samples.weighted or not all(ends) or large:
        limits = {"most": number(MOST_COX, ref="constant:most_cox"), "times": number(MOST_TIMES, ref="constant:most_times")}
        return estimates, [*notes, say("survival.cox_left_out", most=limits["most"], times=limits["times"])]
    model = PHReg(samples.values, samples.after.astype(float)[:, None], status=samples.events.astype(int), ties="efron")
    fit = model.fit(groups=samples.clusters)
    low, high = np.exp(fit.conf_int(alpha=1 - level)[0])
    ratio = float(np.exp(fit.params[0]))
    parts: dict[str, Any] = {} if few else {"conf_low": float(low), "conf_high": float(high), "p_value": float(fit.pvalues[0])}
    estimates.append(Estimate("hazard_ratio", say("survival.hazard_ratio"), ratio, unit="ratio", withheld=few, **parts))
    return estimates, notes
