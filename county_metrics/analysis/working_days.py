"""Working days under the official Chinese calendar, for millions of rows; no year outside its range is guessed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import real, require
from county_metrics.analysis.effect import AnalysisError

Array = np.ndarray[Any, np.dtype[Any]]
_SHOWN = 5
_ZONE = "Asia/Shanghai"


class Calendar(NamedTuple):
    """Days from `first` on: how many working days lie from `first` up to and including each."""

    first: Any
    last: Any
    cumulative: Array

    def place(self, dates: Any) -> Any:
        """Positions of dates (datetime64[D]) in the table."""
        return (dates - self.first).astype(np.int64)


class CalendarRange(NamedTuple):
    """Shortest and longest span in calendar days, both ends possible."""

    low: int
    high: int


@cache
def calendar() -> Calendar:
    """Table of the official calendar, built once: weekdays, less holidays, plus the weekend days worked in their place."""
    kept = import_module("chinese_calendar.constants")
    holidays, workdays = kept.holidays, kept.workdays
    years = [day.year for day in holidays]
    first: Any
    after: Any
    first, after = np.datetime64(f"{min(years)}-01-01"), np.datetime64(f"{max(years) + 1}-01-01")
    days = np.arange(first, after)
    works = np.is_busday(days)
    works[(np.array(sorted(holidays), dtype="datetime64[D]") - first).astype(int)] = False
    works[(np.array(sorted(workdays), dtype="datetime64[D]") - first).astype(int)] = True
    return Calendar(first, days[-1], np.cumsum(works))


def working_days(start: Any, end: Any, *, paused: Any = 0) -> Any:
    """Working days from one date to another under the official Chinese calendar.

    Parameters
    ----------
    start, end : date, str, or array or Series of them
        Day one, which is not counted, and the last day, which is (where it is a working day). A time of day is dropped;
        a date with a time zone is read in Chinese time. One of the two may be a single date.
    paused : int, or array or Series of int
        Working days declared as not counting (waiting for the applicant, say); taken off.

    Returns
    -------
    int, numpy.ndarray or pandas.Series
        As `start` and `end`, a Series with the index of the first that is one. Missing dates give a missing number,
        and then all are floats.

    Raises
    ------
    AnalysisError
        For years outside the calendar, an end before its start, dates that are none, or pauses that are negative or
        longer than the time itself. It names the rows.

    Notes
    -----
    The calendar is that of the General Office of the State Council as kept by the package ``chinesecalendar``.

    Examples
    --------
    >>> working_days("2014-09-26", "2014-10-08")
    4
    >>> working_days(["2014-01-30", "2014-02-07"], "2014-02-10", paused=1).tolist()
    [2, 1]
    """
    given = [value for value in (start, end, paused) if isinstance(value, pd.Series)]
    if any(not value.index.equals(given[0].index) for value in given):
        raise AnalysisError("start, end and paused are Series with different rows; give columns of one table")
    rows = given[0].index if given else None
    problems: list[str] = []
    begun, ended = (_dates(name, value, rows, problems) for name, value in (("start", start), ("end", end)))
    try:
        off = np.asarray(paused, dtype=float)
    except (TypeError, ValueError) as error:
        raise AnalysisError(f"paused is a number of working days, or numbers, one a row, not {paused!r}") from error
    try:
        begun, ended, off = np.broadcast_arrays(begun, ended, off)
    except ValueError as error:
        raise AnalysisError(f"start, end and paused differ in length: {begun.shape}, {ended.shape}, {off.shape}") from error
    known = ~(np.isnat(begun) | np.isnat(ended) | np.isnan(off))
    _report(problems, "end is before start", known & (ended < begun), rows, ended)
    _report(problems, "paused is negative or no whole number", known & ((off < 0) | (off != np.floor(off))), rows, off)
    require(*problems)
    table = calendar()
    count = np.full(begun.shape, np.nan)
    count[known] = table.cumulative[table.place(ended[known])] - table.cumulative[table.place(begun[known])] - off[known]
    _report(problems, "paused is longer than the time itself", known & (count < 0), rows, off)
    require(*problems)
    whole = count.astype(np.int64) if known.all() else count
    if rows is not None:
        return pd.Series(whole, index=rows, name="working_days")
    return whole if whole.ndim else whole.item()


def calendar_range(working_days: int, start_period: Any) -> CalendarRange:
    """Calendar days that a count of working days spans, over every start date of a period.

    Parameters
    ----------
    working_days : int
        The count, at least 1.
    start_period : str, pandas.Period, or pair of dates
        Where day one may lie, both ends included: ``"2014"``, ``"2014-03"``, ``("2013", "2016")``.

    Returns
    -------
    CalendarRange
        Fewest and most calendar days until the count is full.

    Raises
    ------
    AnalysisError
        If the period is reversed, or it or an end lies outside the calendar.

    Examples
    --------
    >>> calendar_range(230, ("2013", "2016"))
    CalendarRange(low=329, high=340)
    """
    require(real("working_days", working_days, example=230))
    if int(working_days) != working_days or working_days < 1:
        raise AnalysisError(f"working_days is a whole number of at least 1, not {working_days!r}")
    try:
        begin, finish = start_period if isinstance(start_period, tuple | list) else (start_period, start_period)
        ends = pd.Period(begin, freq=None).start_time, pd.Period(finish, freq=None).end_time
    except (AttributeError, TypeError, ValueError) as error:
        raise AnalysisError(f"start_period is a year, a month, a date or a pair of them, not {start_period!r}") from error
    first, last = (np.datetime64(moment.date(), "D") for moment in ends)
    if last < first:
        raise AnalysisError(f"start_period is reversed: {first} is after {last}")
    table = calendar()
    problems: list[str] = []
    _outside(problems, "start_period", np.array([first, last]), None)
    require(*problems)
    starts = np.arange(table.place(first), table.place(last) + 1)
    until = np.searchsorted(table.cumulative, table.cumulative[starts] + int(working_days))
    if until.max() >= len(table.cumulative):
        raise AnalysisError(f"{working_days} working days from {last} end after {table.last}, where the official calendar ends")
    spans = until - starts
    return CalendarRange(int(spans.min()), int(spans.max()))


def _dates(name: str, value: Any, rows: Any, problems: list[str]) -> Array:
    """Dates as datetime64[D]; what is no date, or outside the calendar, becomes missing and is reported."""
    several = isinstance(value, pd.Series | pd.Index | np.ndarray | list | tuple)
    raw = pd.Series(value if several else [value])
    read = pd.to_datetime(raw, errors="coerce")
    if not pd.api.types.is_datetime64_any_dtype(read.dtype) or pd.api.types.is_numeric_dtype(raw.dtype):
        raise AnalysisError(f"{name} holds {raw.dtype}, not dates; give dates or texts such as '2014-03-01'")
    if isinstance(read.dtype, pd.DatetimeTZDtype):
        read = read.dt.tz_convert(_ZONE).dt.tz_localize(None)
    found = read.to_numpy().astype("datetime64[D]")
    _report(problems, f"{name} holds what is no date", np.isnat(found) & raw.notna().to_numpy(), rows, raw.to_numpy())
    _outside(problems, name, found, rows)
    return found if several else found[0]


def _outside(problems: list[str], name: str, dates: Array, rows: Any) -> None:
    table = calendar()
    wrong = (dates < table.first) | (dates > table.last)
    years = f"{str(table.first)[:4]} to {str(table.last)[:4]}"
    what = f"{name} lies outside the official calendar, which covers {years} (weekdays are not counted in its place)"
    _report(problems, what, wrong, rows, dates)


def _report(problems: list[str], what: str, wrong: Array, rows: Any, values: Array) -> None:
    places = np.flatnonzero(wrong)
    if places.size:
        labels = places if rows is None or len(rows) != np.size(wrong) else rows[places]
        some = [f"row {labels[k]!s}: {np.ravel(values)[place]!s}" for k, place in enumerate(places[:_SHOWN])]
        problems.append(f"{what}: {'; '.join(some)} ({places.size} in all)")
