"""Rules that concern several cells of a reader's own table, and where their breaches are reported."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.errors import Problem
from county_metrics.evidence.own_tables import OwnColumn, OwnTable, read_date, read_period
from county_metrics.paths import shown
from county_metrics.reading import field_starts

SHOWN = 20
"""Rows with the same fault that are listed one by one."""
# GB/T 2260: code, the year it began, the code its area belonged to before, and the place.
_SPLIT = (("330383", 2019, "330327", "Longgang, until 2019 part of Cangnan"),)
_HERE = "in case.yaml"


@dataclass
class Cells:
    """Distinct texts of a column, and for each row which of them it has (shape: rows)."""

    words: list[str]
    codes: Any
    column: OwnColumn
    values: Any = None
    missing: set[int] = field(default_factory=set)

    def take(self) -> Any:
        """Value of each row."""
        return self.values[self.codes]


@dataclass
class Content:
    """A file as read: its columns in order, the line of each row, units of a second header row, and where to report."""

    table: OwnTable
    text: str
    problems: list[Problem]
    cells: dict[str, Cells] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    form: str = ""

    @cached_property
    def written(self) -> list[str]:
        """Lines of the file."""
        return list(io.StringIO(self.text, newline=""))

    def report(self, line: int, name: str, message: str) -> None:
        """A problem at a column of a line."""
        starts = field_starts(self.written[line - 1]) if 0 < line <= len(self.written) else []
        place = self.header.index(name) if name in self.header else 0
        column = starts[place] if place < len(starts) else 1
        self.problems.append(Problem(shown(self.table.path), line, column, name, message))

    def rows(self, rows: Any, name: str, message: Callable[[int], str]) -> None:
        """A problem for each of the first rows, and how many more there are."""
        for row in rows[:SHOWN]:
            self.report(self.lines[row], name, message(int(row)))
        if len(rows) > SHOWN:
            more = (
                f"from here on {len(rows) - SHOWN:,} more rows are at fault like those above; correct the file where it is made"
            )
            self.report(self.lines[rows[SHOWN]], name, more)

    def declare(self, name: str, message: str) -> None:
        """A problem of what is declared."""
        self.problems.append(Problem(self.table.yaml, self.table.line, self.table.column, name, message))

    def word(self, name: str, row: int) -> str:
        """Text of a cell."""
        cells = self.cells[name]
        return str(cells.words[cells.codes[row]])

    def texts(self, name: str) -> list[str]:
        """Distinct texts of a column that some row has, but for missing ones."""
        cells = self.cells.get(name)
        return [word for code, word in enumerate(cells.words) if code not in cells.missing] if cells else []


def check_rows(content: Content) -> None:
    """Rules that concern several cells at once."""
    kind = content.table.kind
    keys = {
        "records": ("record_id", "stage"),
        "series": ("place", "indicator", "period"),
        "panel": ("county_code", "indicator", "period"),
    }
    _unique(content, [name for name in keys[kind] if name in content.cells])
    if kind == "records":
        _check_dates(content)
        return
    _check_units(content)
    _check_intervention(content)
    if kind == "panel":
        _check_starts(content)
        _check_codes(content)


def _unique(content: Content, names: list[str]) -> None:
    found = {name: content.cells[name] for name in names}
    keys = pd.DataFrame({name: cells.take() if name == "period" else cells.codes for name, cells in found.items()})
    again = np.flatnonzero(keys.duplicated().to_numpy())
    if len(again):
        where = " and ".join(names)

        def told(row: int) -> str:
            first = int(np.flatnonzero((keys == keys.iloc[row]).all(axis=1).to_numpy())[0])
            return (
                f"'{content.word(names[0], row)}' has the same {where} as line {content.lines[first]}; a table has one such row"
            )

        content.rows(again, names[0], told)


def _check_dates(content: Content) -> None:
    """Order of the dates of a record, and what the extract cannot hold."""
    dates = {name: cells.take() for name, cells in content.cells.items() if cells.column.kind == "date"}
    order = [name for name in ("received_on", "accepted_on", "closed_on") if name in dates]
    for first, second in [(a, b) for place, a in enumerate(order) for b in order[place + 1 :]]:

        def told(row: int, first: str = first, second: str = second) -> str:
            return f"{content.word(second, row)} is before {first} {content.word(first, row)}; check which is right"

        content.rows(np.flatnonzero(dates[second] < dates[first]), second, told)
    extracted = content.table.declared["extracted_on"]
    end = read_date(extracted, "YYYY-MM-DD")
    for name in order if end else []:
        later = dates[name] >= np.datetime64(end) + np.timedelta64(1, "D")
        content.rows(np.flatnonzero(later), name, partial(_too_late, content, name))
    if content.table.declared["selected_on"] == "closed":
        message = f"empty although selected_on is 'closed'; an extract with open records has selected_on: all {_HERE}"
        content.rows(np.flatnonzero(np.isnat(dates["closed_on"])), "closed_on", partial(_same, message))


def _too_late(content: Content, name: str, row: int) -> str:
    return f"{content.word(name, row)} is after extracted_on {content.table.declared['extracted_on']}"


def _same(text: str, row: int) -> str:
    return text


def _groups(content: Content, name: str) -> Any:
    return content.cells[name].codes if name in content.cells else np.zeros(len(content.lines), dtype=int)


def _differing(content: Content, name: str, within: str) -> tuple[Any, Any]:
    """Rows whose cell differs from the first of their group, and the first row of each row's group."""
    codes, groups = content.cells[name].values[content.cells[name].codes], _groups(content, within)
    first = np.unique(groups, return_index=True, return_inverse=True)
    begin = first[1][first[2]]
    if codes.dtype == object:
        codes = content.cells[name].codes
    return np.flatnonzero(codes != codes[begin]), begin


def _check_units(content: Content) -> None:
    table = content.table
    if "unit" in content.cells:
        rows, begin = _differing(content, "unit", "indicator")
        content.rows(
            rows, "unit", lambda row: f"'{content.word('unit', row)}' but '{content.word('unit', begin[row])}' in line "
            f"{content.lines[begin[row]]} for the same indicator; convert them to one unit",
        )  # fmt: skip
        if table.unit:
            content.declare("unit", "stands in the rows; leave it out here")
    elif not table.unit and "value" in content.cells and not content.units.get("value"):
        content.declare("unit", f"stands neither in the rows nor here; say unit: {_HERE}, or 'none' for a pure number")


def _check_intervention(content: Content) -> None:
    value = content.table.intervention
    found, length = length_of(value, content.form), length_of(content.texts("period")[0], content.form)
    if value and not found and not any(length_of(value, form) == length for form in ("YYYY", "YYYYQn", "YYYY-MM", "YYYY-MM-DD")):
        first = content.texts("period")[0]
        content.declare("intervention", f"'{value}' is not a period like those of the table ({first}, …)")


def length_of(text: str, form: str) -> str:
    """Length of a period (as `read_period` names it); empty where the text is none."""
    found = read_period(text, form)
    return found[0] if found else ""


def _check_starts(content: Content) -> None:
    if "treatment_start" in content.cells:
        rows, begin = _differing(content, "treatment_start", "county_code")
        content.rows(
            rows, "treatment_start",
            lambda row: f"'{content.word('treatment_start', row)}' but '{content.word('treatment_start', begin[row])}' in line "
            f"{content.lines[begin[row]]} for the same county_code; treatment starts once",
        )  # fmt: skip


def _check_codes(content: Content) -> None:
    """Known changes of GB/T 2260 that the rows run into."""
    codes, declared = content.cells["county_code"], content.table.code_year
    if content.form == "whole":
        return
    year = _years(content)[content.cells["period"].codes]
    for code, began, parent, what in _SPLIT:
        new = codes.codes == (codes.words.index(code) if code in codes.words else -1)
        early = np.full(len(year), int(declared) < began) if declared.isdigit() else year < began
        advice = f"declare the year whose boundaries all rows use by code_year {_HERE}"
        fault = f"{code} exists since {began} ({what}); {advice}"
        content.rows(np.flatnonzero(new & early), "county_code", partial(_same, fault))
        old = codes.codes == (codes.words.index(parent) if parent in codes.words else -1)
        if not declared and (old & (year < began)).any() and (after := np.flatnonzero(old & (year >= began))).size:
            message = f"{parent} lost the area of {code} in {began} ({what}); {advice}, or 'each' if it changes with the rows"
            content.report(content.lines[after[0]], "county_code", message)


def _years(content: Content) -> Any:
    """Year of each distinct period."""
    cells = content.cells["period"]
    length = length_of(content.texts("period")[0], content.form)
    per = {"Y": 1, "Q": 4, "M": 12}
    if length == "D":
        return cells.values.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    return cells.values if length == "Y" else cells.values // per[length] + 1970
