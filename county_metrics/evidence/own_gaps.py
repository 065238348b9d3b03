"""Periods that a reader's own series steps over: every analysis of a series needs one row a period."""

from __future__ import annotations

import datetime
import re
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.evidence.own_rows import Content, length_of

_EPOCH = datetime.date(1970, 1, 1)
_FORMS = {"Y": "YYYY", "Q": "YYYYQn", "M": "YYYY-MM", "W": "YYYY-MM-DD", "D": "YYYY-MM-DD"}


def check_gaps(content: Content) -> None:
    """Report each run of periods without a row, but for those that a row with a wrong cell may hold.

    A panel may have gaps: its analyses say how many and go on.
    """
    names: list[str] = [name for name in ("place", "indicator") if name in content.cells]
    right = np.flatnonzero(content.right("period", *names))
    if len(right) < 3:
        return
    rows = _ordered(content, names, right)
    group, line, at = (rows[name].to_numpy() for name in ("group", "line", "at"))
    later = 1 + np.flatnonzero(group[1:] == group[:-1])
    if not len(later):
        return
    begin = np.unique(group[later], return_index=True, return_inverse=True)
    steps, onward = at[later] - at[later - 1], line[later] - line[later - 1]
    step = np.gcd.reduceat(steps, begin[1])[begin[2]]
    one_way = ((np.minimum.reduceat(onward, begin[1]) > 0) | (np.maximum.reduceat(onward, begin[1]) < 0))[begin[2]]
    doubtful = _doubtful(content, names)
    found: dict[int, tuple[Any, Any, int, int, int]] = {}
    for place in np.flatnonzero(steps > step):
        before, after = rows.iloc[later[place] - 1], rows.iloc[later[place]]
        absent, doubts = int(steps[place] // step[place]) - 1, _fitting(doubtful, before, after, names, bool(one_way[place]))
        if absent > doubts:
            found[int(after["row"])] = (before, after, int(step[place]), absent, doubts)
    content.rows(sorted(found), "period", lambda row: _message(content, names, *found[row]))


def _ordered(content: Content, names: list[str], right: Any) -> pd.DataFrame:
    """The first row of each period of each series, in the order of time: its line, its period and the place on an axis."""
    rows = pd.DataFrame({"row": right, "period": content.cells["period"].take()[right]})
    for name in names:
        rows[name] = content.cells[name].codes[right]
    rows["line"] = np.asarray(content.lines)[right]
    rows["group"] = rows.groupby(names, sort=False).ngroup() if names else 0
    rows = rows.sort_values(["group", "period", "row"]).drop_duplicates(["group", "period"]).reset_index(drop=True)
    length = length_of(content.texts("period")[0], content.form)
    rows["at"], rows["length"] = rows["period"], "whole" if length == "W" else length
    size = rows.groupby("group")["period"].transform("size")
    for name, places in _coarser(rows["period"].to_numpy(), length):
        rows["places"] = places
        distinct = rows.groupby("group")["places"].transform("nunique") == size
        rows["at"], rows["length"] = rows["places"].where(distinct, rows["at"]), rows["length"].mask(distinct, name)
    return rows


def _coarser(values: Any, length: str) -> list[tuple[str, Any]]:
    """What dates and whole numbers may stand for, from the finest: weeks to years; months such as 201402."""
    if length == "D":
        months = values.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return [("W", (values + 3) // 7), ("M", months), ("Q", months // 3), ("Y", months // 12 + 1970)]
    year, month = values // 100, values % 100
    as_months = length == "W" and ((year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12)).all()
    return [("M", 12 * (year - 1970) + month - 1)] if as_months else []


def _doubtful(content: Content, names: list[str]) -> pd.DataFrame:
    """Rows with a wrong key cell and lines that are no row; -1 for a cell that is not known."""
    rows, more = np.flatnonzero(~content.right("period", *names)), len(content.skipped)
    known = content.right("period")[rows]
    period = np.where(known, content.cells["period"].take()[rows], 0)
    found = {
        "line": np.append(np.asarray(content.lines)[rows], np.array(content.skipped, dtype=int)),
        "known": np.append(known, np.zeros(more, dtype=bool)),
        "period": np.append(period, np.zeros(more, dtype=int)),
    }
    for name in names:
        codes = np.where(content.right(name)[rows], content.cells[name].codes[rows], -1)
        found[name] = np.append(codes, np.full(more, -1))
    return pd.DataFrame(found)


def _fitting(doubtful: pd.DataFrame, before: Any, after: Any, names: list[str], one_way: bool) -> int:
    """How many doubtful rows may belong between two rows: by their period, else by where they stand."""
    if doubtful.empty:
        return 0
    low, high = sorted((before["line"], after["line"]))
    here = doubtful["line"].between(low, high) | (not one_way)
    within = doubtful["period"].between(before["period"], after["period"], inclusive="neither")
    fits = within.where(doubtful["known"], here)
    for name in names:
        fits &= doubtful[name].isin((-1, after[name]))
    return int(fits.sum())


def _message(content: Content, names: list[str], before: Any, after: Any, step: int, absent: int, doubts: int) -> str:
    first, last = (_named(content, after["length"], int(at)) for at in (before["at"] + step, after["at"] - step))
    which = first if absent == 1 else f"{first} to {last} ({absent} periods)"
    if doubts:
        which = f"{absent - doubts} or more of the {absent} periods {first} to {last}, even if the faulty rows are of these"
    series = ", ".join(content.word(name, int(after["row"])) for name in names)
    since = f"'{content.word('period', int(after['row']))}' follows '{content.word('period', int(before['row']))}' in line"
    what = f"{since} {before['line']}, with no row for {which}{f' of {series}' if series else ''}"
    return f"{what}; add the missing rows, with the value left empty where it is not known, or correct the period"


def _named(content: Content, length: str, at: int) -> str:
    """A period as the table writes it; in the standard form where the table writes dates for longer periods."""
    if length == "whole":
        return str(at)
    if length in ("D", "W"):
        day = _EPOCH + datetime.timedelta(at if length == "D" else 7 * at - 3)
    else:
        months = {"M": at, "Q": 3 * at, "Y": 12 * (at - 1970)}[length]
        day = datetime.date(1970 + months // 12, months % 12 + 1, 1)
    form = content.form.partition(" ")[0]
    same = {"Y": form in ("YYYY", "YYYY年"), "Q": "n" in form, "M": "M" in form and "D" not in form, "D": "D" in form}
    form = form if same.get(length) else "YYYYMM" if form == "whole" else _FORMS[length]
    parts = {"YYYY": f"{day.year:04}", "MM": f"{day.month:02}", "DD": f"{day.day:02}", "M": str(day.month), "D": str(day.day)}
    parts["n"] = str((day.month + 2) // 3)
    written = re.sub("YYYY|MM|DD|M|D|n", lambda token: parts[token.group()], form)
    return f"the week of {written}" if length == "W" else written
