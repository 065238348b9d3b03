"""Bootstrap intervals: of any statistic by scipy; of differences of means and quantiles fast enough for millions of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import choice, instance, require, share, whole
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate
from county_metrics.analysis.samples import Array, Samples
from county_metrics.present.number import number
from county_metrics.present.wording import say

METHODS = ("bca", "percentile", "basic")
_BLOCKS = 4096
_CELLS = 4_000_000
_JACKKNIFED = 1000
Draws = tuple[Array, Array, list[Array]]


def bootstrap_interval(
    data: Any, statistic: Callable[..., float], *, method: str = "bca", draws: int = 9_999, seed: int = 2014, level: float = 0.95
) -> EffectResult:
    """Bootstrap interval of any statistic, by `scipy.stats.bootstrap`.

    Parameters
    ----------
    data : array, Series or DataFrame, or tuple of them
        Rows are drawn with replacement, whole; the parts of a tuple are independent samples, each drawn by itself.
    statistic : callable
        Takes the drawn data (each part of a tuple as one argument) and returns one number.
    method : {"bca", "percentile", "basic"}
        Bias-corrected and accelerated is the default.
    draws, seed : int
        Number of resamples, and what fixes them.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    EffectResult
        One estimate, ``statistic``; its standard error is that of the draws.

    Raises
    ------
    AnalysisError
        For arguments out of range, or a statistic that is not one finite number on the data or on some draws.

    Notes
    -----
    **Estimand.** The statistic in the population that the rows were drawn from.
    **Assumptions.** Rows are independent draws from it; the statistic is smooth in the data.
    **Not for.** Extremes (minimum, maximum), a handful of rows, rows that hang together (draw their clusters).
    The method is that of Efron (1987), Journal of the American Statistical Association 82:171–185.

    Examples
    --------
    >>> found = bootstrap_interval([3.0, 5.0, 8.0, 9.0, 14.0, 20.0], np.mean, draws=999)
    >>> round(found.estimate, 3), found.conf_low < found.estimate < found.conf_high
    (9.833, True)
    """
    from scipy import stats

    numbers = whole("draws", draws, least=100, example=9999), whole("seed", seed, least=0, example=2014)
    function = instance("statistic", statistic, Callable, "a function of the drawn rows, such as numpy.mean")
    require(function, choice("method", method, METHODS), *numbers, share("level", level))
    parts = [_rows(part) for part in (data if isinstance(data, tuple) else (data,))]
    if not parts or any(np.ndim(part) == 0 for part in parts):
        raise AnalysisError("data is rows: an array, list, Series or DataFrame, or a tuple of them, not one value")
    if min(len(part) for part in parts) < 2:
        raise AnalysisError(f"each sample of data has at least 2 rows; they have {', '.join(str(len(part)) for part in parts)}")

    def on(*places: Any) -> float:
        drawn = (part.iloc[rows] if hasattr(part, "iloc") else part[rows] for part, rows in zip(parts, places))  # noqa: B905
        try:
            return float(statistic(*drawn))
        except (TypeError, ValueError) as error:
            what = "the statistic takes the drawn rows, one argument a sample, and returns one number"
            raise AnalysisError(f"{what}; here it ends in {type(error).__name__}: {error}") from error

    estimate = on(*(np.arange(len(part)) for part in parts))
    name = {"bca": "BCa"}.get(method, method)
    found = stats.bootstrap(
        [np.arange(len(part)) for part in parts], on, n_resamples=draws, vectorized=False, confidence_level=level,
        method=name, rng=np.random.default_rng(seed),
    )  # fmt: skip
    wrong = int((~np.isfinite(found.bootstrap_distribution)).sum())
    if wrong or not np.isfinite(estimate):
        raise AnalysisError(f"the statistic is no finite number: on the data {estimate}, and on {wrong} of {draws} draws")
    low, high = map(float, found.confidence_interval)
    flat = not (np.isfinite(low) and np.isfinite(high))
    ends: dict[str, Any] = {"withheld": say("records.flat")} if flat else {"conf_low": low, "conf_high": high}
    shown = Estimate("statistic", say("records.statistic"), estimate, float(found.standard_error), **ends)
    return EffectResult(
        "bootstrap_interval", "records", say("records.statistic_estimand"), (shown,), {"observations": sum(map(len, parts))},
        {"method": method, "draws": draws, "seed": seed}, (say("records.independent"),), level=level,
        simulated=any(bool(getattr(part, "attrs", {}).get("simulated")) for part in parts),
    )  # fmt: skip


def _rows(part: Any) -> Any:
    if isinstance(part, pd.DataFrame | pd.Series):
        return part
    try:
        return np.asarray(part)
    except ValueError as error:
        raise AnalysisError("data is rows of one length; these differ in length") from error


def quantile(values: Array, cumulative: Array, q: float) -> float:
    """Quantile of sorted values with cumulated weights; with whole weights that of the repeated values (Hyndman–Fan 7)."""
    place = (cumulative[-1] - 1) * q
    ends = np.searchsorted(cumulative, [np.floor(place), np.floor(place) + 1], side="right").clip(max=len(values) - 1)
    low, high = values[ends]
    return float(low + (place - np.floor(place)) * (high - low))


def differences(samples: Samples, quantiles: Sequence[float], draws: int, seed: int) -> Draws:
    """Differences of the mean and of quantiles: estimates, bootstrap draws (draws by terms), and influences by sample."""
    rng = np.random.default_rng(seed)
    if samples.clusters is not None or samples.weighted:
        return _of_units(samples, quantiles, draws, rng)
    sides = [_of_sample(samples.side(after)[0], quantiles, draws, rng) for after in (False, True)]
    (first, drawn_first, pull_first), (second, drawn_second, pull_second) = sides
    return second - first, drawn_second - drawn_first, [pull_first * [1, -1], pull_second]


def _of_sample(values: Array, quantiles: Sequence[float], draws: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Independent records: estimates, draws, and (sum of squares, sum of cubes) of the influences on each."""
    ordered, size = np.sort(values), len(values)
    mean = values.mean()
    columns, pulls = [_drawn_means(ordered, draws, rng)], [_powers(ordered - mean, np.ones(size))]
    estimates = [mean]
    for q in quantiles:
        place = (size - 1) * q
        k, part = int(np.floor(place)), place - np.floor(place)
        upper = min(k + 1, size - 1)
        estimates.append(ordered[k] + part * (ordered[upper] - ordered[k]))
        # Order statistics of a resample are values at order statistics of uniforms, so no resample need be made.
        first = rng.beta(k + 1, size - k, draws)
        second = first + (1 - first) * rng.beta(1, size - k - 1, draws) if upper > k else first
        low, high = (ordered[(u * size).astype(np.int64).clip(max=size - 1)] for u in (first, second))
        columns.append(low + part * (high - low))
        pulls.append(_quantile_powers(ordered, q))
    return np.array(estimates), np.column_stack(columns), np.array(pulls)


def _drawn_means(ordered: Array, draws: int, rng: np.random.Generator) -> Array:
    """Means of resamples by multinomial counts of the distinct values.

    Of more than `_BLOCKS` distinct values, neighbours share a block; the sum within a block is then drawn as normal,
    with the mean and variance of the block.
    """
    values, counts = np.unique(ordered, return_counts=True)
    size, spread = len(ordered), np.zeros(len(values))
    if len(values) > _BLOCKS:
        starts = np.linspace(0, size, _BLOCKS, endpoint=False).astype(int)
        counts = np.diff(starts, append=size)
        values = np.add.reduceat(ordered, starts) / counts
        spread = np.add.reduceat((ordered - np.repeat(values, counts)) ** 2, starts) / counts
    step = max(1, _CELLS // len(values))
    found = []
    for done in range(0, draws, step):
        drawn = rng.multinomial(size, counts / size, min(step, draws - done))
        found.append(drawn @ values + np.sqrt(drawn @ spread) * rng.standard_normal(len(drawn)))
    means: Array = np.concatenate(found) / size
    return means


def _quantile_powers(ordered: Array, q: float) -> Array:
    """Powers of the jackknife influences on a quantile: leaving one value out can have only three outcomes."""
    size = len(ordered)
    place = (size - 2) * q
    k, part = int(np.floor(place)), place - np.floor(place)
    at = ordered[[min(k + shift, size - 1) for shift in (0, 1, 2)]]
    left = np.array([at[1] + part * (at[2] - at[1]), at[0] + part * (at[2] - at[0]), at[0] + part * (at[1] - at[0])])
    times = np.array([k + 1, 1, size - k - 2], dtype=float)
    return _powers((size - 1) * ((times @ left) / size - left), times)


def _powers(influence: Array, times: Array) -> Array:
    size = times.sum()
    return np.array([(times @ influence**2) / size**2, (times @ influence**3) / size**3])


def _of_units(samples: Samples, quantiles: Sequence[float], draws: int, rng: np.random.Generator) -> Draws:
    """Weighted or clustered records: whole units (clusters, or rows within their sample) are drawn with replacement."""
    unit = np.arange(len(samples.after)) if samples.clusters is None else samples.clusters
    cells = pd.DataFrame({"value": samples.values, "after": samples.after, "unit": unit, "weight": samples.weights})
    if samples.clusters is not None:
        cells = cells.groupby(["value", "after", "unit"])["weight"].sum().reset_index()
    cells = cells.sort_values("value", kind="stable")
    sides = []
    for after in (False, True):
        side = cells[cells["after"] == after]
        scale = (samples.after == after).sum() / side["weight"].sum()
        sides.append((side["value"].to_numpy(), side["unit"].to_numpy(), side["weight"].to_numpy() * scale))
    first, second = (np.unique(side[1]) for side in sides)
    strata = [np.union1d(first, second)] if np.intersect1d(first, second).size else [first, second]
    total = int(unit.max()) + 1

    def on(times: Array) -> Array:
        found = []
        for values, units, weights in sides:
            weighed = weights * times[units]
            cumulative = np.cumsum(weighed)
            if not cumulative[-1]:
                return np.full(1 + len(quantiles), np.nan)
            found.append([weighed @ values / cumulative[-1], *(quantile(values, cumulative, q) for q in quantiles)])
        gaps: Array = np.subtract(found[1], found[0])
        return gaps

    drawn = np.empty((draws, 1 + len(quantiles)))
    for row in range(draws):
        times = np.zeros(total)
        for stratum in strata:
            times[stratum] = np.bincount(rng.integers(0, len(stratum), len(stratum)), minlength=len(stratum))
        drawn[row] = on(times)
    pulls = []
    for stratum in strata if total <= _JACKKNIFED else []:
        left = np.array([on(np.where(np.arange(total) == gone, 0.0, 1.0)) for gone in stratum])
        influence = (len(stratum) - 1) * (left.mean(axis=0) - left)
        pulls.append(np.array([_powers(column, np.ones(len(stratum))) for column in influence.T]))
    estimates: Array = on(np.ones(total))
    return estimates, drawn, pulls


def bca_ends(estimate: float, drawn: Array, powers: Sequence[Array], level: float) -> tuple[float, float] | None:
    """Ends of the BCa interval; None where the draws do not vary or one end is out of reach.

    Parameters
    ----------
    drawn : array
        Bootstrap values.
    powers : sequence of pairs
        Sums of squares and cubes of the influences, one pair a sample; none stands for no acceleration.
    """
    from scipy.stats import norm

    below = ((drawn < estimate).mean() + (drawn <= estimate).mean()) / 2
    if not np.isfinite(drawn).all() or not 0 < below < 1 or np.ptp(drawn) == 0:
        return None
    squares, cubes = np.sum([np.asarray(pair) for pair in powers], axis=0) if len(powers) else (0.0, 0.0)
    bias, acceleration = norm.ppf(below), cubes / (6 * squares**1.5) if squares else 0.0
    shifted = bias + norm.ppf([(1 - level) / 2, (1 + level) / 2])
    if (1 - acceleration * shifted <= 0).any():
        return None
    low, high = np.quantile(drawn, norm.cdf(bias + shifted / (1 - acceleration * shifted)))
    return float(low), float(high)


def draws_node(draws: int, seed: int) -> dict[str, Any]:
    """Sentence on how the bootstrap was made."""
    return say("records.bootstrap", draws=number(draws, ref="param:draws"), seed=number(seed, ref="param:seed"))
