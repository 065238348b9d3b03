"""A regular series read from a reader's table: its periods, its values, and the columns of a segmented regression."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from county_metrics.analysis.arguments import absent, require
from county_metrics.analysis.design import gate
from county_metrics.analysis.effect import AnalysisError

Floats = NDArray[np.float64]
Missing = Literal["refuse", "drop"]
SEASONS = {"Q": 4, "M": 12, "W": 52, "D": 7}
_RANK = "YQMWD"
_FORMS = (
    (r"(\d{4})年?", "Y", "{0}"),
    (r"(\d{4})[- 年]?(?:Q|第)?([1-4])季度|(\d{4})[- ]?[Qq]([1-4])", "Q", "{0}Q{1}"),
    (r"(\d{4})[-/.年](\d{1,2})月?|(\d{4})(\d{2})", "M", "{0}-{1:0>2}"),
    (r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", "D", "{0}-{1:0>2}-{2:0>2}"),
)
_LISTED = 5


@dataclass(frozen=True)
class Axis:
    """Regular periods: pandas frequency (None for plain integers), ordinal of the first, step, number."""

    freq: str | None
    first: int
    step: int
    length: int

    def label(self, place: int) -> str:
        """Name of the period at a place counted from 0 (it may lie outside)."""
        ordinal = self.first + int(place) * self.step
        return str(ordinal) if self.freq is None else str(pd.Period(ordinal=ordinal, freq=self.freq))

    def place(self, value: Any, name: str) -> int:
        """Place of a period that a reader wrote."""
        ordinal = _ordinal(value, self.freq)
        if ordinal is None or (ordinal - self.first) % self.step:
            kind = "a whole number" if self.freq is None else f"a period such as {self.label(0)}"
            raise AnalysisError(f"{name} = {value!r} is no period of this series; write it as {kind}")
        return (ordinal - self.first) // self.step


@dataclass(frozen=True)
class Segments:
    """One series on its axis, with the first period after the intervention.

    Attributes
    ----------
    values : numpy.ndarray, shape (axis.length,)
        Outcome; NaN where it is missing and may be.
    extra : dict of numpy.ndarray
        Other columns by name, same shape.
    start : int
        Place of the first period after the start.
    kept : numpy.ndarray of bool
        Periods used.
    was_sorted : bool
        Whether the rows came in the order of time.
    apart : int
        Counts of 0 among the periods not used that say nothing of the others.
    height : float
        Size of the values that a difference was made of, whose rounding it carries.
    """

    axis: Axis
    values: Floats
    extra: dict[str, Floats]
    start: int
    kept: NDArray[np.bool_]
    was_sorted: bool
    apart: int = 0
    height: float = 0.0

    @property
    def places(self) -> NDArray[np.int64]:
        """Places of all periods."""
        return np.arange(self.axis.length)

    def sides(self) -> tuple[int, int]:
        """Numbers of periods used before and after."""
        return int(self.kept[: self.start].sum()), int(self.kept[self.start :].sum())


def listed(pairs: Sequence[tuple[Any, Any]]) -> str:
    """First few offending values with their row labels."""
    shown = ", ".join(f"row {row}: {value!r}" for row, value in pairs[:_LISTED])
    return shown + (f" and {len(pairs) - _LISTED} more" if len(pairs) > _LISTED else "")


def require_columns(data: pd.DataFrame, names: dict[str, str | None], analysis: str = "interrupted_time_series") -> None:
    """Refuse what lacks a column or declares a design that cannot bear the analysis."""
    require(*absent(data, {role: str(name) for role, name in names.items() if name}))
    if data.attrs.get("design"):
        gate(data.attrs["design"], analysis).require()


def numbers(
    data: pd.DataFrame, name: str, *, missing: Missing = "refuse", above: float | None = None
) -> tuple[Floats, list[str]]:
    """A column as floats, and what is wrong with it."""
    found = [(row, value, _float(value)) for row, value in zip(data.index, data[name], strict=True)]
    wrong, values = [], np.array([np.nan if number is None else number for _, _, number in found])
    texts = [(row, value) for row, value, number in found if number is None]
    gone = [(row, value) for row, value, number in found if number is not None and np.isnan(number)]
    endless = [(row, value) for row, value, number in found if number is not None and np.isinf(number)]
    low = [(row, value) for row, value, number in found if number is not None and above is not None and number <= above]
    if texts:
        wrong.append(f"column {name!r} holds what is no number ({listed(texts)}); write plain numbers, an empty cell for none")
    odd = [(row, value) for row, value, number in found if number and np.isfinite(number) and not 1e-50 < abs(number) < 1e50]
    if odd:
        wrong.append(f"column {name!r} holds values beyond 1e50 or below 1e-50 in size ({listed(odd)}); change its unit")
    if endless:
        wrong.append(f"column {name!r} holds infinite values ({listed(endless)})")
    if low:
        limit = "must not be negative" if above is not None and -1e-200 < above < 0 else f"must be above {above:g} here"
        wrong.append(f"column {name!r} {limit} ({listed(low)})")
    if gone and missing == "refuse":
        advice = "fill them from the source, or say missing='drop' where the analysis takes it"
        wrong.append(f"column {name!r} has missing values ({listed(gone)}); {advice}")
    return values, wrong


_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)


def _float(value: Any) -> float | None:
    if value is None or value is pd.NA:
        return float("nan")
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, str | bytes | datetime.date) or not hasattr(value, "__float__"):
        return None
    return float(value) if not isinstance(value, int) or abs(value) < 10**300 else float("inf")


def _ordinal(value: Any, freq: str | None) -> int | None:
    """Ordinal of one value on an axis of that frequency; a coarser period than the axis has no place on it."""
    if freq is None:
        whole = isinstance(value, int | np.integer) or (isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()))
        whole = whole or (isinstance(value, float) and value.is_integer())
        return int(value) if whole and abs(int(value)) < 2**62 else None
    if isinstance(value, pd.Period):
        value = value.to_timestamp() if _RANK.find(value.freqstr[0]) >= _RANK.find(freq) else None
    elif not isinstance(value, datetime.date):
        known = _spelt(str(value).strip())
        value = known[1] if known and _RANK.find(known[0]) >= _RANK.find(freq) else None
    if value is None or value is pd.NaT:
        return None
    try:
        return int(pd.Period(value, freq=freq).ordinal)
    except ValueError:
        return None


def _spelt(text: str) -> tuple[str, str] | None:
    for pattern, freq, spelling in _FORMS:
        found = re.fullmatch(pattern, text)
        if found:
            return freq, spelling.format(*(part for part in found.groups() if part))
    return None


def _frequency(values: pd.Series[Any], name: str) -> str | None:
    """Frequency of a column of periods, dates, integers or texts; None for plain integers."""
    if isinstance(values.dtype, pd.PeriodDtype):
        return str(values.dtype.freq.freqstr)[0]
    if pd.api.types.is_numeric_dtype(values):
        as_months = values.between(190001, 210012).all() and (values % 100).between(1, 12).all()
        return "M" if as_months else None
    if pd.api.types.is_datetime64_any_dtype(values) or all(isinstance(v, datetime.date) for v in values):
        return _coarsest(values)
    spelt = [(row, value, _spelt(str(value).strip())) for row, value in zip(values.index, values, strict=True)]
    unread = [(row, value) for row, value, known in spelt if known is None]
    if unread and all(re.fullmatch(r"-?\d+", str(value).strip()) for value in values):
        return None
    if unread:
        allowed = "2014, 2014Q1, 2014-02 or 2014-02-01"
        raise AnalysisError(f"column {name!r} holds what is no period ({listed(unread)}); write {allowed}, or whole numbers")
    forms = {known[0] for _, _, known in spelt if known}
    if len(forms) > 1:
        first = [next((row, value) for row, value, known in spelt if known and known[0] == form) for form in sorted(forms)]
        raise AnalysisError(f"column {name!r} mixes periods of different length ({listed(first)}); use one form")
    form = forms.pop()
    return form if form != "D" else _coarsest(values)


def _coarsest(values: pd.Series[Any]) -> str:
    days = {_ordinal(value, "D") for value in values} - {None}
    as_dates = [pd.Period(ordinal=day, freq="D").to_timestamp() for day in days if day is not None]
    for freq in _RANK:
        if len({_ordinal(value, freq) for value in as_dates}) == len(days):
            return freq
    return "D"


def read_axis(data: pd.DataFrame, time: str) -> tuple[Axis, NDArray[np.int64]]:
    """Axis of a table and the place of each of its rows; several rows may share a period."""
    if not len(data):
        raise AnalysisError("the table has no rows")
    column = data[time]
    freq = _frequency(column, time)
    read = [(row, value, _ordinal(value, freq)) for row, value in zip(data.index, column, strict=True)]
    unread = [(row, value) for row, value, ordinal in read if ordinal is None]
    if unread:
        raise AnalysisError(f"column {time!r} holds what is no period ({listed(unread)}); every row needs one")
    ordinals = np.array([ordinal for _, _, ordinal in read], dtype=np.int64)
    present = np.unique(ordinals)
    steps = np.diff(present)
    step = int(np.gcd.reduce(steps)) if len(steps) else 1
    axis = Axis(freq, int(present[0]), step, int((present[-1] - present[0]) // step) + 1)
    if axis.length > 1_000 * len(present):
        one = {ordinal: (row, value) for row, value, ordinal in reversed(read)}
        ends = listed([one[int(ordinal)] for ordinal in present[int(np.argmax(steps)) :][:2]])
        raise AnalysisError(f"column {time!r} has {axis.length} steps, the widest gap between {ends}; look for a typing error")
    places = (ordinals - axis.first) // step
    absent = sorted(set(range(axis.length)) - set(places.tolist()))
    if absent:
        names = ", ".join(axis.label(place) for place in absent[:_LISTED]) + (" …" if len(absent) > _LISTED else "")
        raise AnalysisError(
            f"column {time!r} is not regular: no row for {names} ({len(absent)} of {axis.length} periods). Add these rows; "
            "leave the outcome empty where it is not known, for an analysis that takes missing='drop'"
        )
    return axis, places


def read_series(
    data: pd.DataFrame, *, outcome: str, time: str, start: Any, extra: dict[str, float | None], missing: Missing,
    above: float | None = None,
) -> Segments:  # fmt: skip
    """One series in the order of time; `extra` gives further columns with their lower limit, `above` that of the outcome."""
    if missing not in ("refuse", "drop"):
        raise AnalysisError(f"missing is 'refuse' or 'drop', not {missing!r}")
    axis, places = read_axis(data, time)
    wrong = []
    twice = pd.Series(places).duplicated(keep=False).to_numpy()
    if twice.any():
        pairs = [(row, value) for row, value, double in zip(data.index, data[time], twice, strict=True) if double]
        wrong.append(
            f"column {time!r} has several rows for one period ({listed(pairs)}); a series has one row a period. For rows of "
            "several places use controlled_time_series, or pick one place"
        )
    check = partial(numbers, data, missing=missing)
    read = {outcome: check(outcome, above=above)} | {name: check(name, above=limit) for name, limit in extra.items()}
    wrong += [text for _, texts in read.values() for text in texts]
    if wrong:
        raise AnalysisError("\n".join(wrong))
    begin = 1 if start is None else axis.place(start, "intervention_time")
    if start is not None and not 0 < begin < axis.length:
        ends = f"after {axis.label(0)} and not after {axis.label(axis.length - 1)}"
        raise AnalysisError(f"intervention_time = {start!r} must lie {ends}, with periods on both sides")
    order = np.argsort(places, kind="stable")
    columns = {name: values[order] for name, (values, _) in read.items()}
    kept: NDArray[np.bool_] = np.asarray(~np.isnan(np.column_stack(list(columns.values()))).any(axis=1))
    return Segments(axis, columns.pop(outcome), columns, begin, kept, bool((order == np.arange(len(order))).all()))


def season_columns(axis: Axis, pairs: int | str, length: int, kept: NDArray[np.bool_]) -> dict[str, Floats]:
    """Harmonic pairs as far as the seasons of the periods kept bear them, or dummies of all these but the first."""
    phase = (axis.first + np.arange(axis.length) * axis.step) % length
    if pairs == "dummies":
        return {f"season_{s}": (phase == s).astype(float) for s in np.unique(phase[kept]) if s != phase[kept][0]}
    found: dict[str, Floats] = {}
    for pair in range(1, int(pairs) + 1):
        turn = 2 * np.pi * pair * phase / length
        found[f"season_sin_{pair}"] = np.sin(turn)
        if 2 * pair < length:
            found[f"season_cos_{pair}"] = np.cos(turn)
        else:
            found[f"season_sin_{pair}"] = np.cos(turn)
    seasons = np.flatnonzero(kept)[np.unique(phase[kept], return_index=True)[1]]
    borne = [np.ones(len(seasons))]
    for name in list(found):
        if np.linalg.matrix_rank(np.column_stack([*borne, found[name][seasons]])) > len(borne):
            borne.append(found[name][seasons])
        else:
            del found[name]
    return found
