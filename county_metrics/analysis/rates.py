"""Counts per unit of exposure before and after: rates, their difference and their ratio."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import choice, columns, frame, require
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import Alternative, AnalysisError, EffectResult, Estimate, fitting_places
from county_metrics.analysis.proportions import asked, two_numbers
from county_metrics.analysis.samples import Samples, read_samples, settings, t_values
from county_metrics.present.number import number
from county_metrics.present.wording import say

LEAST_ROWS = 5


def compare_counts(
    data: pd.DataFrame | None = None, *, counts: Any, exposures: Any, group: str | None = None, received: str | None = None,
    intervention_time: Any = None, order: tuple[Any, Any] | None = None, method: Literal["exact", "score"] = "exact",
    level: float = 0.95, alternative: Alternative = "two-sided",
) -> EffectResult:  # fmt: skip
    """Compare the rate of events before and after (complaints a month, say): a change, never an effect.

    Parameters
    ----------
    data : pandas.DataFrame, optional
        One row a period or place; then `counts` and `exposures` are columns, and `group` or `received` says what is
        before and after, as in `compare_records`.
    counts : pair of int, or str
        Events, (before, after).
    exposures : pair of float, or str
        Time, cases or persons in which they arose, above 0.
    method : {"exact", "score"}
        Interval and p-value of the ratio: conditional exact (Clopper–Pearson), or score (Wilson).
    level : float
        Confidence of the intervals, which are two-sided always.
    alternative : {"two-sided", "less", "greater"}
        Of the p-value: after against before.

    Returns
    -------
    EffectResult
        Terms ``rate_difference``, ``rate_ratio``, ``rate_before``, ``rate_after``. From rows, overdispersion is estimated
        (Pearson), and where it exceeds 1 all intervals are widened by it (quasi-Poisson).

    Raises
    ------
    AnalysisError
        For counts, exposures, columns or settings that cannot be used.

    Notes
    -----
    **Estimand.** Events for one unit of exposure, after − before; their ratio.
    **Assumptions.** Events come independently at a steady rate within each period, but for overdispersion.
    **Not for.** The effect of a reform; series with a trend or season, for which see `interrupted_time_series`.

    Examples
    --------
    >>> found = compare_counts(counts=(30, 60), exposures=(54308.7, 51477.5))
    >>> round(found["rate_ratio"].estimate, 3)
    2.11
    """
    table = [] if data is None else [frame(data, "one row a period or place"), *columns(counts=counts, exposures=exposures)]
    require(*table, *settings(level, alternative), choice("method", method, ("exact", "score")))
    labels, simulated, ratio = (say("role.before"), say("role.after")), False, 1.0
    notes: tuple[Any, ...] = ()
    rows: dict[str, int] = {}
    if data is None:
        events, times = two_numbers("counts", counts, whole=True), two_numbers("exposures", exposures, whole=False)
        checks = CheckResult("dispersion", None, say("counts.dispersion"), say("counts.dispersion_unknown"))
    else:
        samples = read_samples(
            data, counts, group=group, received=received, intervention_time=intervention_time, weights=exposures, order=order
        )
        labels, notes, simulated, rows = samples.labels, samples.notes, samples.simulated, samples.counts
        sides = [samples.side(after) for after in (False, True)]
        events, times = (np.array([side[part].sum() for side in sides]) for part in (0, 1))
        ratio, checks = _dispersion(samples)
    if (times <= 0).any() or (data is not None and (samples.weights <= 0).any()):
        raise AnalysisError(f"exposures are above 0; got {tuple(times)} in all")
    if data is not None and ((samples.values < 0) | (samples.values != np.floor(samples.values))).any():
        raise AnalysisError(f"column '{counts}' holds whole counts, not negative")
    estimates, said = _rates(events, times, labels, method, max(ratio, 1.0), rows.get("observations"), level, alternative)
    if ratio > 1:
        said.append(say("counts.scaled"))
    return EffectResult(
        "compare_counts", "records", say("counts.estimand"), tuple(estimates), rows or {"observations": int(events.sum())},
        {"method": method, "alternative": alternative, "dispersion": ratio},
        (say("counts.poisson"), say("records.same_cases")), (say("records.change_only"), *asked(alternative), *said, *notes),
        (checks,), level=level, simulated=simulated,
    )  # fmt: skip


def _dispersion(samples: Samples) -> tuple[float, CheckResult]:
    """Pearson's overdispersion of counts about the rate of their period."""
    expected = np.zeros(len(samples.after))
    for after in (False, True):
        rows = samples.after == after
        expected[rows] = samples.weights[rows] * samples.values[rows].sum() / max(samples.weights[rows].sum(), 1e-300)
    squares = np.divide((samples.values - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
    degrees = len(expected) - 2
    ratio = float(squares.sum() / degrees) if degrees else 1.0
    text = say("counts.dispersion_text", ratio=number(f"{ratio:.6g}", ref="result:dispersion", places=2))
    if min(samples.counts["before"], samples.counts["after"]) < LEAST_ROWS:
        text = say("counts.few_rows", least=number(LEAST_ROWS, ref="constant:least_rows"))
        return ratio, CheckResult("dispersion", None, say("counts.dispersion"), text)
    return ratio, CheckResult("dispersion", ratio <= 1.5 or None, say("counts.dispersion"), text)


def _rates(
    events: Any, times: Any, labels: Any, method: str, spread: float, rows: int | None, level: float, alternative: str
) -> tuple[list[Estimate], list[Any]]:
    """Difference, ratio and rates; `spread` above 1 widens by quasi-Poisson on rows − 2 degrees of freedom."""
    from scipy import stats
    from statsmodels.stats.proportion import proportion_confint
    from statsmodels.stats.rates import confint_poisson, confint_poisson_2indep

    (first, second), rates = events, events / times
    value, both_sum, part = rates[1] - rates[0], events.sum(), times[1] / times.sum()
    degrees = rows - 2 if rows else np.inf
    wide = spread > 1
    if wide:
        error = float(np.sqrt(spread * (events / times**2).sum()))
        fields = t_values(value, error, degrees, level, alternative)
        ends = fields["conf_low"], fields["conf_high"]
    else:
        ends = confint_poisson_2indep(second, times[1], first, times[0], method="mover", compare="diff", alpha=1 - level)
    test: dict[str, Any] = {}
    if wide and first and second:
        fields = t_values(
            float(np.log(rates[1] / rates[0])), float(np.sqrt(spread * (1 / events).sum())), degrees, level, alternative
        )
        test = {"statistic": fields["statistic"], "p_value": fields["p_value"]}
        ratio_ends = np.exp([fields["conf_low"], fields["conf_high"]])
    elif both_sum:
        name = "beta" if method == "exact" else "wilson"
        shares = np.array(proportion_confint(second, both_sum, 1 - level, method=name))
        ratio_ends = np.divide(shares, 1 - shares, out=np.full(2, np.inf), where=shares < 1) * (1 - part) / part
        if method == "exact":
            test = {"p_value": float(stats.binomtest(int(second), int(both_sum), part, alternative).pvalue)}
        else:
            score = float((second - both_sum * part) / np.sqrt(both_sum * part * (1 - part)))
            test = t_values(score, 1.0, np.inf, level, alternative)
            test = {"statistic": score, "p_value": test["p_value"]}
    places = fitting_places(value, *(abs(end - value) for end in ends))
    found = [
        Estimate(
            "rate_difference", say("counts.difference"), float(value), None, float(ends[0]), float(ends[1]), places=places, **test
        )
    ]
    if first:
        label = (
            say("counts.ratio_model") if wide else say("counts.ratio_exact") if method == "exact" else say("counts.ratio_score")
        )
        if second or not wide:
            found.append(
                Estimate(
                    "rate_ratio",
                    label,
                    float(rates[1] / rates[0]),
                    None,
                    float(ratio_ends[0]),
                    float(ratio_ends[1]),
                    unit="ratio",
                    **test,
                )
            )
    for name, rate, event, time, group in zip(("before", "after"), rates, events, times, labels, strict=True):
        low, high = confint_poisson(event, time, method="exact-c", alpha=1 - level)
        limits: dict[str, Any] = {} if wide else {"conf_low": float(low), "conf_high": float(high)}
        found.append(Estimate(f"rate_{name}", say("counts.rate", group=group), float(rate), places=places, **limits))
    return found, [] if first and (second or not wide) else [say("counts.no_ratio")]
