"""Shares before and after, with intervals that hold for small numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import choice, columns, frame, pair, require
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import Alternative, AnalysisError, EffectResult, Estimate
from county_metrics.analysis.samples import Samples, difference_of_means, read_samples, settings, t_values
from county_metrics.present.number import number
from county_metrics.present.wording import say

LEAST_EXPECTED = 5


def compare_shares(
    data: pd.DataFrame | None = None, *, outcome: str | None = None, successes: Sequence[float] | None = None,
    totals: Sequence[float] | None = None, group: str | None = None, received: str | None = None, intervention_time: Any = None,
    cluster: str | None = None, weights: str | None = None, order: tuple[Any, Any] | None = None,
    method: Literal["newcombe", "miettinen_nurminen"] = "newcombe", level: float = 0.95, alternative: Alternative = "two-sided",
) -> EffectResult:  # fmt: skip
    """Compare a share before and after (cases done on time, say): a change, never an effect.

    Parameters
    ----------
    data : pandas.DataFrame, optional
        One row a case; then `outcome` and `group` (or `received`) are needed, as in `compare_records`.
    outcome : str, optional
        Column of True and False, or 1 and 0.
    successes, totals : pair of int, optional
        Without `data`: successes and cases, (before, after).
    group, received, intervention_time, order, cluster, weights
        As in `compare_records`. With weights or clusters the interval is linearised.
    method : {"newcombe", "miettinen_nurminen"}
        Interval of the difference.
    level : float
        Confidence of the intervals, which are two-sided always.
    alternative : {"two-sided", "less", "greater"}
        Of the p-values: after against before.

    Returns
    -------
    EffectResult
        Terms ``share_difference``, ``share_before``, ``share_after`` (Wilson), ``share_ratio`` (log), ``odds_ratio``
        (with Fisher's exact p).

    Raises
    ------
    AnalysisError
        For counts, columns or settings that cannot be used.

    Notes
    -----
    **Estimand.** Share after − share before, of the cases of the two periods.
    **Assumptions.** Cases (or clusters) are independent; before and after hold the same kinds of cases.
    **Not for.** The effect of a reform. Newcombe: his method 10 (1998), Statistics in Medicine 17:873–890;
    Miettinen and Nurminen (1985), Statistics in Medicine 4:213–226, whose score test then gives the p-value, and with
    Newcombe's interval Pearson's does.

    Examples
    --------
    >>> found = compare_shares(successes=(48, 56), totals=(80, 70))
    >>> round(found.conf_low, 4), round(found.conf_high, 4)
    (0.0524, 0.3339)
    """
    table = "" if data is None else frame(data, "one row a case")
    require(table, *settings(level, alternative), choice("method", method, ("newcombe", "miettinen_nurminen")))
    notes: tuple[Any, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    samples: Samples | None = None
    if data is None:
        labels, simulated = (say("role.before"), say("role.after")), False
        hits, sizes = two_numbers("successes", successes, whole=True), two_numbers("totals", totals, whole=True)
        if (sizes < 1).any() or (hits > sizes).any():
            raise AnalysisError(f"successes lie between 0 and totals, and totals are at least 1; got {hits} of {sizes}")
    else:
        samples = _outcomes(data, outcome, successes, totals, group, received, intervention_time, cluster, weights, order)
        labels, notes, simulated = samples.labels, samples.notes, samples.simulated
        sides = [samples.side(after)[0] for after in (False, True)]
        hits, sizes = (np.array([float(part(side)) for side in sides]) for part in (np.sum, len))
    if samples is not None and (samples.weighted or samples.clusters is not None):
        estimates, notes = _linear(samples, level, alternative), (say("shares.linear"), *notes)
        counts = samples.counts
    else:
        estimates, checks = _by_counts(hits, sizes, labels, method, level, alternative), (_small(hits, sizes),)
        counts = {"observations": int(sizes.sum()), "before": int(sizes[0]), "after": int(sizes[1])}
        if not all(0 < hit < size for hit, size in zip(hits, sizes, strict=True)):
            notes = (say("shares.no_ratio"), *notes)
    assumed = say("records.independent_clusters") if "clusters" in counts else say("records.independent")
    return EffectResult(
        "compare_shares", "records", say("shares.estimand"), tuple(estimates), counts,
        {"method": method, "alternative": alternative}, (assumed, say("records.same_cases")),
        (say("records.change_only"), *asked(alternative), *notes), checks, level=level, simulated=simulated,
    )  # fmt: skip


def asked(alternative: str) -> list[dict[str, Any]]:
    """What is said of a one-sided test."""
    return [] if alternative == "two-sided" else [say(f"records.one_sided_{alternative}")]


# Whole numbers up to it are exact as floats.
_MOST = 1e15


def two_numbers(name: str, given: Any, *, whole: bool) -> Any:
    """A pair (before, after) that was given as numbers."""
    require(pair(name, given, "numbers"))
    single = [each if pd.api.types.is_scalar(each) else None for each in given]
    found = pd.to_numeric(pd.Series(single, dtype=object), errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(found).all() or (found < 0).any() or (found > _MOST).any() or (whole and (found != np.floor(found)).any()):
        raise AnalysisError(f"{name} are {'whole ' if whole else ''}numbers, not negative, at most {_MOST:g}; got {tuple(given)}")
    return found


def _outcomes(
    data: pd.DataFrame, outcome: str | None, successes: Any, totals: Any, group: Any, received: Any, moment: Any, cluster: Any,
    weights: Any, order: Any,
) -> Samples:  # fmt: skip
    if outcome is None or successes is not None or totals is not None:
        raise AnalysisError("give either data with outcome='column', or successes and totals as pairs (before, after)")
    samples = read_samples(
        data, outcome, group=group, received=received, intervention_time=moment, cluster=cluster, weights=weights, order=order,
        wrong=[*columns(outcome=outcome), _of_texts(data, outcome)],
    )  # fmt: skip
    if not np.isin(samples.values, [0, 1]).all():
        wrong = sorted(set(samples.values.tolist()) - {0.0, 1.0})[:5]
        raise AnalysisError(f"column '{outcome}' holds True and False, or 1 and 0; it also has {wrong}")
    return samples


def _of_texts(data: Any, outcome: Any) -> str:
    """Problem of an outcome written in words."""
    held = data[outcome] if isinstance(data, pd.DataFrame) and isinstance(outcome, str) and outcome in data.columns else ()
    words = [value for value in held if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit()][:1]
    return f"outcome: column '{outcome}' holds True and False, or 1 and 0, not the text {words[0]!r}" if words else ""


def _linear(samples: Samples, level: float, alternative: str) -> list[Estimate]:
    value, error, degrees = difference_of_means(samples)
    fields = t_values(value, error, degrees, level, alternative)
    found = [
        Estimate(
            "share_difference",
            say("shares.difference_linear"),
            value,
            withheld=samples.few_clusters or (None if fields else say("records.flat")),
            places=4,
            **fields,
        )
    ]
    for name, label, after in zip(("before", "after"), samples.labels, (False, True), strict=True):
        share = float(np.average(samples.side(after)[0], weights=samples.side(after)[1]))
        found.append(Estimate(f"share_{name}", say("shares.share", group=label), share, places=4))
    return found


def _by_counts(hits: Any, sizes: Any, labels: Any, method: str, level: float, alternative: str) -> list[Estimate]:
    from scipy import stats
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    (first, second), (small, large) = hits, sizes
    given = (second, large, first, small)
    if method == "newcombe":
        ends = confint_proportions_2indep(*given, method="newcomb", alpha=1 - level)
    else:
        ends = miettinen_nurminen(*given, level=level)
    pooled = (first + second) / (small + large)
    error = np.sqrt(pooled * (1 - pooled) * (1 / small + 1 / large))
    if method == "miettinen_nurminen":
        error *= np.sqrt((small + large) / (small + large - 1))
    value = float(second / large - first / small)
    score: dict[str, Any] = {}
    if error > 0:
        fields = t_values(value, float(error), np.inf, level, alternative)
        score = {name: fields[name] for name in ("statistic", "p_value")}
    label = say("shares.difference_newcombe" if method == "newcombe" else "shares.difference_miettinen_nurminen")
    found = [Estimate("share_difference", label, value, None, float(ends[0]), float(ends[1]), places=4, **score)]
    for name, hit, size, group in zip(("before", "after"), hits, sizes, labels, strict=True):
        low, high = proportion_confint(hit, size, 1 - level, method="wilson")
        text = say("shares.share", group=group)
        found.append(Estimate(f"share_{name}", text, hit / size, None, float(low), float(high), places=4))
    if 0 < first < small and 0 < second < large:
        low, high = confint_proportions_2indep(*given, method="log", compare="ratio", alpha=1 - level)
        ratio = second / large / (first / small)
        found.append(Estimate("share_ratio", say("shares.ratio"), ratio, None, float(low), float(high), unit="ratio"))
        table = [[int(second), int(large - second)], [int(first), int(small - first)]]
        odds, p_value = stats.fisher_exact(table, alternative=alternative)
        found.append(
            Estimate("odds_ratio", say("shares.fisher"), float(odds), p_value=float(p_value), withheld=say("shares.odds_none"))
        )
    return found


def _small(hits: Any, sizes: Any) -> CheckResult:
    pooled = hits.sum() / sizes.sum()
    least = float(min(sizes.min() * pooled, sizes.min() * (1 - pooled)))
    text = say(
        "shares.small_text", count=number(f"{least:.6g}", ref="result:smallest_expected", places=1),
        least=number(LEAST_EXPECTED, ref="constant:least_expected"),
    )  # fmt: skip
    return CheckResult("small_counts", True if least >= LEAST_EXPECTED else None, say("shares.small"), text)


def miettinen_nurminen(
    first: float, first_total: float, second: float, second_total: float, *, level: float = 0.95
) -> tuple[float, float]:
    """Score interval of a difference of two shares, first − second of their cases, of Miettinen and Nurminen (1985).

    Examples
    --------
    >>> [round(end, 4) for end in miettinen_nurminen(56, 70, 48, 80)]
    [0.0528, 0.3382]
    """
    from scipy import optimize, stats

    share, other = first / first_total, second / second_total
    total, value, wide = first_total + second_total, share - other, stats.norm.ppf((1 + level) / 2)

    def beyond(delta: float) -> float:
        """Squared score of a difference, less the squared critical value."""
        ratio = second_total / first_total
        a, b = 1 + ratio, -(1 + ratio + share + ratio * other + delta * (ratio + 2))
        c, d = delta**2 + delta * (2 * share + ratio + 1) + share + ratio * other, -share * delta * (1 + delta)
        v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
        u = np.copysign(np.sqrt(max(b**2 / (3 * a) ** 2 - c / (3 * a), 0.0)), v)
        turn = (np.pi + np.arccos(np.clip(v / u**3 if u else 0.0, -1, 1))) / 3
        top = np.clip(2 * u * np.cos(turn) - b / (3 * a), max(0.0, delta), min(1.0, 1 + delta))
        low = top - delta
        spread = (top * (1 - top) / first_total + low * (1 - low) / second_total) * total / (total - 1)
        apart = (value - delta) ** 2
        return float(apart / spread - wide**2) if spread > 1e-15 else (np.inf if apart > 1e-15 else -(wide**2))

    edge = 1 - 1e-12
    low = optimize.brentq(beyond, -edge, value) if value > -edge and beyond(-edge) > 0 else -1.0
    high = optimize.brentq(beyond, value, edge) if value < edge and beyond(edge) > 0 else 1.0
    return float(low), float(high)
