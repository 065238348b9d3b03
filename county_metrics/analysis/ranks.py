"""Hodges–Lehmann shift between two samples: exact or asymptotic interval, without all pairs in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from county_metrics.analysis.samples import Array

_PAIRS = 4_000_000
_EXACT = 50
_MARGIN = 0.01
_ROUNDS = 200


@dataclass(frozen=True)
class Shift:
    """Shift of the second sample against the first; the interval is None with weights."""

    estimate: float
    ends: tuple[float, float] | None
    p_value: float | None
    statistic: float | None
    exact: bool


class Pairs:
    """All differences second − first as ranks: distinct values with their weights, in order."""

    def __init__(self, first: Array, second: Array, first_weights: Array, second_weights: Array) -> None:
        self.first, self.first_weights = _distinct(first, first_weights)
        self.second, self.second_weights = _distinct(second, second_weights)
        self.below = np.concatenate([[0.0], np.cumsum(self.second_weights)])
        self.total = float(self.first_weights.sum() * self.second_weights.sum())

    def upto(self, shift: float) -> float:
        """Weight of the pairs whose difference is at most `shift`."""
        return float(self.below[np.searchsorted(self.second, self.first + shift, side="right")] @ self.first_weights)

    def at(self, *ranks: float) -> list[float]:
        """The differences at which the cumulated weight first reaches each rank (from 1, of `total`); ranks lie close."""
        low, high = float(self.second[0] - self.first[-1]), float(self.second[-1] - self.first[0])
        low -= abs(low) * 1e-9 + 1e-9
        high += abs(high) * 1e-9 + 1e-9
        least, most, bottom, top = min(ranks), max(ranks), 0.0, self.total
        for _ in range(_ROUNDS):
            starts, stops = (np.searchsorted(self.second, self.first + end, side="right") for end in (low, high))
            if (stops - starts).sum() <= _PAIRS:
                break
            for guess in self._guesses(low, high, bottom, top, least, most):
                if low < guess < high:
                    reached = self.upto(guess)
                    if reached < least:
                        low, bottom = guess, reached
                    elif reached >= most:
                        high, top = guess, reached
        return self._among(starts, stops, [rank - bottom for rank in ranks])

    def _guesses(self, low: float, high: float, bottom: float, top: float, least: float, most: float) -> tuple[float, ...]:
        """Where the ranks lie if differences were even between the ends, a little to both sides, and the middle."""
        width, share = high - low, 1 / (top - bottom)
        ends = (least - bottom) * share - _MARGIN, (most - bottom) * share + _MARGIN
        return low + width * ends[0], low + width * ends[1], (low + high) / 2

    def _among(self, starts: Array, stops: Array, ranks: list[float]) -> list[float]:
        lengths = stops - starts
        left = np.repeat(np.arange(len(self.first)), lengths)
        right = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - starts, lengths)
        found = self.second[right] - self.first[left]
        order = np.argsort(found, kind="stable")
        reached = np.cumsum((self.first_weights[left] * self.second_weights[right])[order])
        places = np.searchsorted(reached, np.array(ranks) * (1 - 1e-12)).clip(max=len(order) - 1)
        return [float(value) for value in found[order[places]]]


def _distinct(values: Array, weights: Array) -> tuple[Array, Array]:
    found, place = np.unique(values, return_inverse=True)
    return found, np.bincount(place, weights=weights)


def rank_sum_counts(first: int, second: int) -> Array:
    """Number of arrangements with each Mann–Whitney U, from 0 to first × second, without ties.

    Examples
    --------
    >>> rank_sum_counts(2, 2).tolist()
    [1.0, 1.0, 2.0, 1.0, 1.0]
    """
    counts = np.zeros((first + 1, first * second + 1))
    counts[0, 0] = 1
    # Taking the r-th of all values as the k-th of the first sample adds r − k to U.
    for rank in range(1, first + second + 1):
        for taken in range(min(rank, first), 0, -1):
            add = rank - taken
            if add <= second:
                counts[taken, add:] += counts[taken - 1, : counts.shape[1] - add]
    arrangements: Array = counts[first]
    return arrangements


def hodges_lehmann(
    before: tuple[Array, Array], after: tuple[Array, Array], level: float, alternative: Any, weighted: bool
) -> Shift:
    """Median of all differences after − before, with the interval that inverts the rank-sum test.

    Exact without ties and below 50 in each sample, as in R's ``wilcox.test``; otherwise by the normal approximation
    with continuity correction and a variance corrected for ties.

    Parameters
    ----------
    before, after : pair of arrays
        Values and weights.
    """
    from scipy import stats

    (first, first_weights), (second, second_weights) = before, after
    pairs = Pairs(first, second, first_weights, second_weights)
    if weighted:
        return Shift(pairs.at(pairs.total / 2)[0], None, None, None, False)
    estimate = (
        sum(pairs.at(pairs.total // 2, pairs.total // 2 + 1)) / 2 if pairs.total % 2 == 0 else pairs.at((pairs.total + 1) / 2)[0]
    )
    _, ties = np.unique(np.concatenate([first, second]), return_counts=True)
    exact = ties.max() == 1 and max(len(first), len(second)) < _EXACT
    tested = stats.mannwhitneyu(second, first, alternative=alternative, method="exact" if exact else "asymptotic")
    rank = _critical(len(first), len(second), ties.astype(float), level, exact)
    ends = (pairs.at(rank)[0], pairs.at(pairs.total + 1 - rank)[0]) if 1 <= rank <= pairs.total / 2 else None
    p_value = float(tested.pvalue) if np.isfinite(tested.pvalue) else None
    return Shift(estimate, ends, p_value, float(tested.statistic), bool(exact))


def _critical(first: int, second: int, ties: Array, level: float, exact: bool) -> int:
    """Rank among the differences of the lower end of the interval; 0 where the samples are too small for the level."""
    if exact:
        counts = rank_sum_counts(first, second)
        # The largest rank whose tail keeps the level; the tail of rank 1 is that of U = 0.
        return int(np.searchsorted(np.cumsum(counts) / counts.sum(), (1 - level) / 2, side="right"))
    from scipy.stats import norm

    total = first + second
    spread = first * second / 12 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    return int(np.floor(first * second / 2 - 0.5 - norm.ppf((1 + level) / 2) * np.sqrt(spread)) + 1)
