"""Records before and after, read from a table and checked all at once: two samples, with weights and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import absent, choice, columns, frame, pair, require, share, text
from county_metrics.analysis.design import gate
from county_metrics.analysis.effect import Alternative, AnalysisError, own_label
from county_metrics.evidence.load import load_vocabulary
from county_metrics.present.number import number
from county_metrics.present.wording import current_language, message, plain, say

Array = np.ndarray[Any, np.dtype[Any]]
PAIRS = (("before", "after"), ("pre", "post"), ("改革前", "改革后"), ("前", "后"))
LEAST_CLUSTERS = 10
_SHOWN = 5


@dataclass(frozen=True)
class Samples:
    """Rows of two samples as arrays; `after` tells which sample a row is in.

    Attributes
    ----------
    values, weights : array of float, one a row
    after : array of bool
    events : array of bool
        Whether the end was observed; all True where nothing is censored.
    clusters : array of int or None
    labels : pair of text nodes
    """

    values: Array
    after: Array
    events: Array
    weights: Array
    clusters: Array | None
    labels: tuple[dict[str, Any], dict[str, Any]]
    weighted: bool
    unit: str
    simulated: bool
    notes: tuple[dict[str, Any], ...] = field(default=())

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of rows, and of clusters where there are."""
        found = {"observations": len(self.after), "before": int((~self.after).sum()), "after": int(self.after.sum())}
        return found if self.clusters is None else found | {"clusters": int(self.clusters.max()) + 1}

    @property
    def few_clusters(self) -> dict[str, Any] | None:
        """Reason why clusters are too few for an interval; None where they are not."""
        return self.fewer_clusters(LEAST_CLUSTERS)

    def fewer_clusters(self, least: int) -> dict[str, Any] | None:
        """Reason why fewer than `least` clusters are too few; None where there are as many, or no clusters."""
        if self.clusters is None or self.counts["clusters"] >= least:
            return None
        found = number(self.counts["clusters"], ref="result:n_clusters")
        return say("records.few_clusters", count=found, least=number(least, ref="constant:least_clusters"))

    def side(self, after: bool) -> tuple[Array, Array]:
        """Values and weights of one sample."""
        rows = self.after == after
        return self.values[rows], self.weights[rows]


def read_samples(
    data: pd.DataFrame, values: str, *, group: str | None = None, received: str | None = None, intervention_time: Any = None,
    event: str | None = None, cluster: str | None = None, weights: str | None = None, order: tuple[Any, Any] | None = None,
    unit: str | None = None, negative: bool = True, wrong: Sequence[str] = (),
) -> Samples:  # fmt: skip
    """Two samples from columns of a table; `wrong` are problems of further arguments of the caller, raised with those found here.

    Raises
    ------
    AnalysisError
        Naming every column and value that cannot be used.
    DesignError
        If the table declares a design that bears no inference.
    """
    others = columns(optional=True, group=group, received=received, event=event, cluster=cluster, weights=weights)
    more = pair("order", order, "labels", optional=True), text("unit", unit, optional=True)
    require(*wrong, frame(data, "one row a record"), *others, *more)
    if data.attrs.get("design"):
        gate(data.attrs["design"], "significance_test").require()
    if (group is None) == (received is None):
        raise AnalysisError("say what is before and after: either group='column', or received='column' with intervention_time=…")
    named = list(dict.fromkeys(name for name in (values, group, received, event, cluster, weights) if name is not None))
    require(*absent(data, named))
    used = data[named].dropna()
    notes = [say("records.missing", count=number(len(data) - len(used), ref="result:missing"))] if len(used) < len(data) else []
    problems: list[str] = []
    if group is not None:
        used, after, labels, said = _by_label(used, group, order)
        notes += said
    else:
        after, labels = _by_date(used[received], intervention_time), (say("role.before"), say("role.after"))
    numbers = _numeric(used, values, problems)
    if not negative:
        _report(problems, values, "is below zero, so it is no duration", numbers < 0, used)
    weight = _numeric(used, weights, problems) if weights else np.ones(len(used))
    _report(problems, str(weights), "is a negative weight", weight < 0, used)
    ended = _truth(used, event, problems) if event else np.ones(len(used), dtype=bool)
    for label, rows in zip(labels, (~after, after), strict=True):
        if rows.sum() < 2 or weight[rows].sum() <= 0:
            problems.append(
                f"'{plain(label, 'en')}' has {rows.sum()} usable rows; at least 2 are needed in each of the two samples"
            )
    require(*problems)
    codes = pd.factorize(used[cluster], sort=True)[0] if cluster else None
    if data.attrs.get("selected_on") == "closed":
        notes.append(say("records.closed_only"))
    declared = data.attrs.get("unit") if unit is None else unit
    return Samples(
        numbers, after, ended, weight, codes, labels, weights is not None, declared if isinstance(declared, str) else "",
        bool(data.attrs.get("simulated")), tuple(notes),
    )  # fmt: skip


def _by_label(used: pd.DataFrame, group: str, order: tuple[Any, Any] | None) -> tuple[pd.DataFrame, Array, Any, list[Any]]:
    column = used[group]
    found = list(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else list(pd.unique(column))
    found = [label for label in found if (column == label).any()]
    words = {str(label).strip().lower(): label for label in found}
    known = next(((words[a], words[b]) for a, b in PAIRS if {a, b} == set(words)), None)
    if order is not None:
        both = tuple(order)
        if both[0] == both[1] or not all(label in found for label in both):
            raise AnalysisError(f"order names two different labels of column '{group}', first the earlier; it has {found[:20]}")
    elif len(found) != 2:
        what = f"column '{group}' has {len(found)} labels ({', '.join(map(str, found[:_SHOWN]))}); two samples are compared"
        raise AnalysisError(f"{what}: name them by order=(before, after)")
    elif known is not None:
        both = known
    else:
        ordered = isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered
        both = tuple(found) if ordered else tuple(sorted(found, key=lambda label: (isinstance(label, str), label)))
    kept = used[column.isin(both)]
    labels = tuple(own_label(str(label)) for label in both) if known != both else (say("role.before"), say("role.after"))
    notes = [] if known == both else [say("records.direction", first=labels[0], second=labels[1])]
    if len(kept) < len(used):
        notes.append(say("records.other_labels", count=number(len(used) - len(kept), ref="result:other_labels")))
    return kept, (kept[group] == both[1]).to_numpy(dtype=bool), labels, notes


_YEAR_FIRST = r"\s*\d{4}(\D|\d{4}\s*$|\s*$)"


def _by_date(column: pd.Series[Any], moment: Any) -> Array:
    if moment is None:
        raise AnalysisError("intervention_time is needed with received: the first day (or month, or year) that counts as after")
    try:
        if isinstance(column.dtype, pd.PeriodDtype):
            return (column >= pd.Period(moment, freq=cast(Any, column.dtype.freq))).to_numpy(dtype=bool)
        if pd.api.types.is_numeric_dtype(column.dtype):
            return column.to_numpy(dtype=float) >= float(moment)
        texts = column[column.map(lambda value: isinstance(value, str)).astype(bool)].astype(str)
        if (unread := texts[~texts.str.match(_YEAR_FIRST)]).size:
            raise ValueError(f"write dates as 2014-02-01; row {unread.index[0]} holds {unread.iloc[0]!r}")
        dates = pd.to_datetime(column)
        return (dates >= pd.Timestamp(str(moment), tz=dates.dt.tz)).to_numpy(dtype=bool)
    except (ValueError, TypeError) as error:
        raise AnalysisError(
            f"column '{column.name}' and intervention_time={moment!r} do not read as dates alike: {error}"
        ) from error


def _numeric(used: pd.DataFrame, name: str, problems: list[str]) -> Array:
    column = used[name]
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        problems.append(f"column '{name}' holds time differences; give a number in one unit, say its days: .dt.days")
        return np.zeros(len(used))
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    _report(problems, name, "is no finite number", ~np.isfinite(found), used)
    return found


_MARKS = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0}


def _truth(used: pd.DataFrame, name: str, problems: list[str]) -> Array:
    marks = used[name].map(lambda value: _MARKS.get(value.strip().lower(), value) if isinstance(value, str) else value)
    found = marks.isin([0, 1]).to_numpy()
    _report(problems, name, "is neither True (the end was observed) nor False (still open)", ~found, used)
    return (marks == 1).to_numpy(dtype=bool)


def _report(problems: list[str], name: str, what: str, wrong: Array, used: pd.DataFrame) -> None:
    if wrong.any():
        rows = used.index[wrong][:_SHOWN]
        some = "; ".join(f"row {row}: {value}" for row, value in zip(rows, used.loc[wrong, name].head(_SHOWN), strict=True))
        problems.append(f"column '{name}' {what}: {some} ({int(wrong.sum())} in all)")


def refusal(message: dict[str, Any]) -> AnalysisError:
    """Error whose text teaches, in the current language."""
    return AnalysisError(plain(message, current_language()))


def unit_label(unit: str) -> dict[str, Any]:
    """Words of a unit: an id of ``vocab/units.csv``, or the reader's own."""
    if not unit:
        return say("records.no_unit")
    if message(f"unit.{unit}"):
        return say(f"unit.{unit}")
    known = load_vocabulary([]).units
    return known[unit].label if unit in known else own_label(unit)


def difference_of_means(samples: Samples) -> tuple[float, float | None, float]:
    """Difference of means, its standard error and degrees of freedom.

    Welch; with weights the linearised error (HC2) on n − 2; with clusters the cluster-robust one (CR1) on G − 1, None
    below `LEAST_CLUSTERS`.
    """
    from statsmodels.regression.linear_model import WLS

    if samples.clusters is None and not samples.weighted:
        (before, _), (after, _) = samples.side(False), samples.side(True)
        parts = np.array([side.var(ddof=1) / len(side) for side in (before, after)])
        spread = parts.sum()
        lost = sum(part**2 / (len(side) - 1) for part, side in zip(parts, (before, after), strict=True))
        degrees = spread**2 / lost if lost else float(len(samples.after) - 2)
        return float(after.mean() - before.mean()), float(np.sqrt(spread)), float(degrees)
    model = WLS(samples.values, np.column_stack([np.ones(len(samples.after)), samples.after]), weights=samples.weights)
    if samples.clusters is None:
        fit = model.fit(cov_type="HC2")
        return float(fit.params[1]), float(fit.bse[1]), float((samples.weights > 0).sum() - 2)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": samples.clusters})
    error = None if samples.few_clusters else float(fit.bse[1])
    return float(fit.params[1]), error, float(samples.counts["clusters"] - 1)


def t_values(estimate: float, error: float | None, degrees: float, level: float, alternative: str) -> dict[str, Any]:
    """Two-sided interval, and the p-value of the alternative, as fields of an `Estimate`."""
    from scipy import stats

    if error is None:
        return {}
    if error == 0:
        return {}
    width = float(stats.t.ppf((1 + level) / 2, degrees)) * error
    found: dict[str, Any] = {"std_error": error, "conf_low": estimate - width, "conf_high": estimate + width}
    statistic = estimate / error
    tails = {"less": stats.t.cdf(statistic, degrees), "greater": stats.t.sf(statistic, degrees)}
    p_value = tails.get(alternative, 2 * stats.t.sf(abs(statistic), degrees))
    return found | {"statistic": statistic, "p_value": float(p_value)}


def settings(level: float, alternative: str) -> list[str]:
    """Problems of a level outside (0, 1) and of an alternative that is none."""
    return [share("level", level), choice("alternative", alternative, Alternative)]
