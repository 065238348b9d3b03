"""Records before and after: changes of the mean, the median, quantiles and the whole distribution of durations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import columns, flags, shares, whole
from county_metrics.analysis.bootstrap import bca_ends, differences, draws_node, quantile
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import Alternative, EffectResult, Estimate
from county_metrics.analysis.ranks import hodges_lehmann
from county_metrics.analysis.samples import Samples, difference_of_means, read_samples, refusal, settings, t_values, unit_label
from county_metrics.present.number import number
from county_metrics.present.records_plot import distributions
from county_metrics.present.wording import say

LEAST_TAIL = 5
# With 10 to 24 clusters resampled intervals held the truth in 0.85 to 0.91 of 100 simulated samples, with 30 in 0.92 and more.
LEAST_DRAWN_CLUSTERS = 30
# On skewed durations the interval of the mean held the truth in 0.911 of 2,000 simulated samples of 12, in 0.934 of 80 and 60.
LEAST_MEAN = 50


def compare_records(
    data: pd.DataFrame, *, duration: str, group: str | None = None, received: str | None = None, intervention_time: Any = None,
    event: str | None = None, cluster: str | None = None, weights: str | None = None, order: tuple[Any, Any] | None = None,
    quantiles: Sequence[float] = (0.5, 0.9), draws: int = 5_000, seed: int = 2014, level: float = 0.95,
    alternative: Alternative = "two-sided", unit: str | None = None, allow_negative: bool = False,
) -> EffectResult:  # fmt: skip
    """Compare the durations of single cases before and after: a change, never an effect.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a case.
    duration : str
        Column of durations, all in one unit. Rows with a missing value in a named column are left out and counted.
    group : str, optional
        Column of two labels. ``before`` and ``after``, in English or Chinese, are known; of others the first in order is
        the earlier, which the result says.
    received, intervention_time : str and date, optional
        Instead of `group`: column of dates of receipt, and the first that counts as after.
    event : str, optional
        Column that is True where the end was seen. Open cases are refused here: use `compare_survival`.
    cluster : str, optional
        Column of what hangs together (the office, say): cluster-robust errors, clusters drawn whole by the bootstrap.
    weights : str, optional
        Column of sampling weights.
    order : pair of labels, optional
        (before, after), for labels that do not say it or are more than two.
    quantiles : sequence of float
        Between 0 and 1.
    draws, seed : int
        Bootstrap resamples, and what fixes them.
    level : float
        Confidence of the intervals, which are two-sided always.
    alternative : {"two-sided", "less", "greater"}
        Of the p-values: after against before.
    unit : str, optional
        Unit of the durations; without it that of ``data.attrs["unit"]``.
    allow_negative : bool
        Take values below zero, for columns that are no durations.

    Returns
    -------
    EffectResult
        Terms ``mean_difference`` (Welch), ``mean_difference_bca``, ``quantile_50_difference``… (BCa),
        ``hodges_lehmann``.

    Raises
    ------
    AnalysisError
        For columns, values or settings that cannot be used, all at once.
    DesignError
        If the data declares a design that bears no inference.

    Notes
    -----
    **Estimand.** Difference, after − before, of the mean duration of the cases of the two periods; likewise of quantiles;
    the Hodges–Lehmann shift is the median of all differences between a case after and a case before.
    **Assumptions.** Cases (or clusters) are independent; nothing but the period decides which cases are in the data.
    **Not for.** The effect of a reform: there is no comparison place and no trend here. Not for data with open cases.
    With weights the mean has a linearised error (HC2), with clusters CR1 on G − 1 degrees of freedom. Intervals are
    withheld below 10 clusters (30 for the bootstrap), below 50 records a side for the mean's bootstrap, and below 5
    records expected beyond a quantile.

    Examples
    --------
    >>> cases = pd.DataFrame({"days": [9, 8, 7, 9, 6, 4, 5, 3, 5, 4], "when": ["before"] * 5 + ["after"] * 5})
    >>> found = compare_records(cases, duration="days", group="when")
    >>> round(found.estimate, 2), found["hodges_lehmann"].estimate
    (-3.6, -4.0)
    """
    quantiles = (quantiles,) if isinstance(quantiles, float) else quantiles
    wrong = [*columns(duration=duration), shares("quantiles", quantiles, example=(0.5, 0.9))]
    wrong += [whole("draws", draws, least=100, example=5000), whole("seed", seed, least=0, example=2014)]
    wrong += [*settings(level, alternative), *flags(allow_negative=allow_negative)]
    samples = read_samples(
        data, duration, group=group, received=received, intervention_time=intervention_time, event=event, cluster=cluster,
        weights=weights, order=order, unit=unit, negative=allow_negative, wrong=wrong,
    )  # fmt: skip
    if not samples.events.all():
        raise refusal(say("records.censored", count=number(int((~samples.events).sum()), ref="result:open")))
    quantiles = tuple(dict.fromkeys(quantiles))
    estimates = [*_resampled(samples, quantiles, draws, seed, level), _shift(samples, level, alternative)]
    value, error, degrees = difference_of_means(samples)
    welch = t_values(value, error, degrees, level, alternative)
    withheld = samples.few_clusters or (None if error else say("records.flat"))
    mean = Estimate("mean_difference", say("records.mean_difference"), value, unit=samples.unit, withheld=withheld, **welch)
    return EffectResult(
        "compare_records", "records", say("records.estimand", unit=unit_label(samples.unit)), (mean, *estimates), samples.counts,
        {"draws": draws, "seed": seed, "alternative": alternative, "degrees_of_freedom": degrees} | _levels(samples, quantiles),
        _assumptions(samples), (say("records.change_only"), *_asked(alternative), *samples.notes, draws_node(draws, seed)),
        (_no_open(event),), pd.DataFrame({"value": samples.values, "after": samples.after, "weight": samples.weights}),
        (distributions(duration, _sides(samples), samples.labels, unit_label(samples.unit), samples.simulated),),
        level, samples.simulated,
    )  # fmt: skip


def _sides(samples: Samples) -> list[tuple[Any, Any]]:
    return [samples.side(after) for after in (False, True)]


def _asked(alternative: str) -> list[dict[str, Any]]:
    return [] if alternative == "two-sided" else [say(f"records.one_sided_{alternative}")]


def _assumptions(samples: Samples) -> tuple[dict[str, Any], ...]:
    independent = say("records.independent") if samples.clusters is None else say("records.independent_clusters")
    return (independent, say("records.same_cases"), say("records.shift_meaning"))


def _no_open(event: str | None) -> CheckResult:
    text = say("records.all_observed") if event else say("records.open_unknown")
    return CheckResult("open_cases", True if event else None, say("records.open_cases"), text)


def _levels(samples: Samples, quantiles: Sequence[float]) -> dict[str, float]:
    """Means, and medians and other quantiles, of each period."""
    found = {}
    for name, (values, weights) in zip(("before", "after"), _sides(samples), strict=True):
        order = np.argsort(values, kind="stable")
        cumulative = np.cumsum(weights[order]) * len(values) / weights.sum()
        found[f"mean_{name}"] = float(np.average(values, weights=weights))
        found |= {f"{_term(q)}_{name}": quantile(values[order], cumulative, q) for q in quantiles}
    return found


def _term(q: float) -> str:
    return f"quantile_{100 * q:g}".replace(".", "_")


def _resampled(samples: Samples, quantiles: Sequence[float], draws: int, seed: int, level: float) -> list[Estimate]:
    estimates, drawn, powers = differences(samples, quantiles, draws, seed)
    names = [("mean_difference_bca", say("records.mean_difference_bca"))]
    names += [(f"{_term(q)}_difference", _quantile_label(q)) for q in quantiles]
    smallest = min(samples.counts["before"], samples.counts["after"])
    found = []
    for place, (term, label) in enumerate(names):
        tail = 1.0 if place == 0 else min(quantiles[place - 1], 1 - quantiles[place - 1])
        least = LEAST_MEAN if place == 0 else LEAST_TAIL / tail
        withheld = samples.fewer_clusters(LEAST_DRAWN_CLUSTERS)
        if withheld is None and smallest < round(least, 9):
            needed = number(int(np.ceil(round(least, 9))), ref="constant:least_records")
            withheld = say("records.few_records", what=label, least=needed)
        ends = None if withheld else bca_ends(estimates[place], drawn[:, place], [pair[place] for pair in powers], level)
        low, high = ends or (None, None)
        withheld = withheld or (say("records.flat") if ends is None else None)
        error = float(drawn[:, place].std(ddof=1)) if ends else None
        found.append(Estimate(term, label, float(estimates[place]), error, low, high, unit=samples.unit, withheld=withheld))
    return found


def _quantile_label(q: float) -> dict[str, Any]:
    if q == 0.5:
        return say("records.median_difference")
    return say("records.quantile_difference", percent=number(f"{100 * q:g}", ref="param:quantiles"))


def _shift(samples: Samples, level: float, alternative: Alternative) -> Estimate:
    before, after = _sides(samples)
    found = hodges_lehmann(before, after, level, alternative, samples.weighted)
    label = say("records.hodges_lehmann_exact") if found.exact else say("records.hodges_lehmann")
    if samples.weighted or samples.clusters is not None:
        reason = say("records.ranks_need_independence")
        return Estimate("hodges_lehmann", label, found.estimate, unit=samples.unit, withheld=reason)
    low, high = found.ends or (None, None)
    withheld = None if found.ends else say("records.too_few_for_level")
    return Estimate(
        "hodges_lehmann", label, found.estimate, None, low, high, found.statistic, found.p_value, samples.unit, withheld
    )  # fmt: skip
