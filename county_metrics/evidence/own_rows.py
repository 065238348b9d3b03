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
KEYS = {
    "records": ("record_id", "stage"),
    "series": ("place", "indicator", "period"),
    "panel": ("county_code", "indicator", "period"),
}
"""Columns that tell the rows of a table apart, as far as it has them."""
# GB/T 2260: code, the year it began, the code its area belonged to before, and the place.
_SPLIT = (("330383", 2019, "330327", "Longgang, until 2019 part of Cangnan"),)
_HERE = "in case.yaml"
_LATE = f"correct the date, or extracted_on {_HERE}"


@dataclass
class Cells:
    """Distinct texts of a column, and for each row which of them it has (shape: rows); `bad` are wrong and reported."""

    words: list[str]
    codes: Any
    column: OwnColumn
    values: Any = None
    missing: set[int] = field(default_factory=set)
    bad: set[int] = field(default_factory=set)

    def take(self) -> Any:
        """Value of each row."""
        return self.values[self.codes]


@dataclass
class Content:
    """A file as read: its columns in order, the line of each row, units of a second header row, and where to report.

    `skipped` holds the lines that could not be read as a row.
    """

    table: OwnTable
    text: str
    problems: list[Problem]
    cells: dict[str, Cells] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
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
        """Distinct texts of a column that some row has, but for missing and wrong ones."""
        cells = self.cells.get(name)
        return [word for code, word in enumerate(cells.words) if code not in cells.missing | cells.bad] if cells else []

    def right(self, *names: str) -> Any:
        """Rows in which no cell of these columns is wrong (shape: rows)."""
        found = np.ones(len(self.lines), dtype=bool)
        for cells in (self.cells[name] for name in names if name in self.cells):
            if cells.bad:
                found &= ~np.isin(cells.codes, list(cells.bad))
        return found


def check_rows(content: Content) -> None:
    """Rules that concern several cells at once, judged from the rows whose cells they concern are right."""
    kind = content.table.kind
    _unique(content, [name for name in KEYS[kind] if name in content.cells])
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
    keys = keys[content.right(*names)]
    again = keys.index[keys.duplicated()].to_numpy()
    if len(again):
        where = " and ".join(names)
        stages = content.table.kind == "records" and "stage" not in names
        advice = "keep one of the two, or correct the cell that is wrong" + (
            "; where a record has several stages, name them in a column stage" if stages else ""
        )

        def told(row: int) -> str:
            first = int(keys.index[(keys == keys.loc[row]).all(axis=1)][0])
            return f"'{content.word(names[0], row)}' has the same {where} as line {content.lines[first]}; {advice}"

        content.rows(again, names[0], told)


def _check_dates(content: Content) -> None:
    """Order of the dates of a record, and what the extract cannot hold; a wrong date is told once."""
    order: list[str] = [name for name in ("received_on", "accepted_on", "closed_on") if name in content.cells]
    dates = {name: content.cells[name].take() for name in order}
    extracted = content.table.declared["extracted_on"]
    end = read_date(extracted, "YYYY-MM-DD")
    if content.table.declared["selected_on"] == "closed":
        message = f"empty although selected_on is 'closed'; an extract with open records has selected_on: all {_HERE}"
        empty = np.isnat(dates["closed_on"]) & content.right("closed_on")
        content.rows(np.flatnonzero(empty), "closed_on", partial(_same, message))
    for name in order if end else []:
        later = dates[name] >= np.datetime64(end) + np.timedelta64(1, "D")
        content.rows(np.flatnonzero(later), name, partial(_too_late, content, name))
        dates[name][later] = np.datetime64("NaT")
    _check_order(content, dates)


def _check_order(content: Content, dates: dict[str, Any]) -> None:
    order = list(dates)
    told = {name: np.zeros(len(content.lines), dtype=bool) for name in order}
    if len(order) == 3:
        first, second, third = (dates[name] for name in order)
        told["received_on"] = (second < first) & (third < first) & (second <= third)
        content.rows(np.flatnonzero(told["received_on"]), "received_on", partial(_received_late, content))
    for first, second in [(a, b) for place, a in enumerate(order) for b in order[place + 1 :]]:

        def before(row: int, first: str = first, second: str = second) -> str:
            dates = f"{content.word(second, row)} is before {first} {content.word(first, row)}"
            return f"{dates}; check which is right and correct the other"

        wrong = (dates[second] < dates[first]) & ~told[first] & ~told[second]
        content.rows(np.flatnonzero(wrong), second, before)
        told[second] = told[second] | wrong


def _received_late(content: Content, row: int) -> str:
    others = " and ".join(f"{name} {content.word(name, row)}" for name in ("accepted_on", "closed_on"))
    return f"{content.word('received_on', row)} is after {others}; check which are right and correct the others"


def _too_late(content: Content, name: str, row: int) -> str:
    return f"{content.word(name, row)} is after extracted_on {content.table.declared['extracted_on']}; {_LATE}"


def _same(text: str, row: int) -> str:
    return text


def _groups(content: Content, name: str) -> Any:
    return content.cells[name].codes if name in content.cells else np.zeros(len(content.lines), dtype=int)


def _differing(content: Content, name: str, within: str) -> dict[int, int]:
    """Rows whose cell is not the usual one of their group, each with the first row that has it.

    The usual cell is the most frequent one that is not empty, the first of those that are equally frequent.
    """
    cells, rows = content.cells[name], np.flatnonzero(content.right(name, *KEYS[content.table.kind]))
    same = np.arange(len(cells.words)) if cells.values.dtype == object else pd.factorize(cells.values)[0]
    same[list(cells.missing)] = -1
    table = pd.DataFrame({"group": _groups(content, within)[rows], "cell": same[cells.codes[rows]], "row": rows})
    counted = table.groupby(["group", "cell"])["row"].agg(["size", "min"]).reset_index()
    counted["empty"] = counted["cell"] == -1
    usual = counted.sort_values(["empty", "size", "min"], ascending=[True, False, True]).drop_duplicates("group")
    table = table.merge(usual[["group", "cell", "min"]], on="group", suffixes=("", "_usual"))
    table = table[table["cell"] != table["cell_usual"]].sort_values("row")
    return dict(zip(table["row"].tolist(), table["min"].tolist(), strict=True))


def _contrast(content: Content, name: str, row: int, other: int) -> str:
    word = content.word(name, row)
    own = "empty" if word in content.table.missing else f"'{word}'"
    return f"{own} but '{content.word(name, other)}' in line {content.lines[other]} for the same"


def _check_units(content: Content) -> None:
    table, cells = content.table, content.cells.get("unit")
    if cells and len(cells.missing) < len(cells.words):
        found = _differing(content, "unit", "indicator")

        def told(row: int) -> str:
            empty = content.word("unit", row) in table.missing
            advice = "write the unit in every row" if empty else "convert them to one unit, or name two indicators"
            return f"{_contrast(content, 'unit', row, found[row])} indicator; {advice}"

        content.rows(list(found), "unit", told)
        if table.unit:
            content.declare("unit", "stands in the rows; leave it out here")
    elif not table.unit and "value" in content.cells and not content.units.get("value"):
        content.declare("unit", f"stands neither in the rows nor here; say unit: {_HERE}, or 'none' for a pure number")


def _check_intervention(content: Content) -> None:
    value, periods = content.table.intervention, content.texts("period")
    if not value or not periods:
        return
    found, length = length_of(value, content.form), length_of(periods[0], content.form)
    if not found and not any(length_of(value, form) == length for form in ("YYYY", "YYYYQn", "YYYY-MM", "YYYY-MM-DD")):
        message = f"'{value}' is not a period like those of the table ({periods[0]}, …); write it like them"
        content.declare("intervention", message)


def length_of(text: str, form: str) -> str:
    """Length of a period (as `read_period` names it); empty where the text is none."""
    found = read_period(text, form)
    return found[0] if found else ""


def _check_starts(content: Content) -> None:
    if "treatment_start" in content.cells:
        found = _differing(content, "treatment_start", "county_code")
        advice = "county_code; treatment starts once: write one period in all rows of a county, none if it is never treated"
        content.rows(
            list(found), "treatment_start", lambda row: f"{_contrast(content, 'treatment_start', row, found[row])} {advice}"
        )  # fmt: skip


def _check_codes(content: Content) -> None:
    """Known changes of GB/T 2260 that the rows run into."""
    codes, declared = content.cells["county_code"], content.table.code_year
    if content.form == "whole" or not content.texts("period"):
        return
    right = content.right("county_code", "period")
    year = _years(content)[content.cells["period"].codes]
    for code, began, parent, what in _SPLIT:
        new = right & (codes.codes == (codes.words.index(code) if code in codes.words else -1))
        early = np.full(len(year), int(declared) < began) if declared.isdigit() else year < began
        advice = f"declare the year whose boundaries all rows use by code_year {_HERE}"
        fault = f"{code} exists since {began} ({what}); {advice}"
        content.rows(np.flatnonzero(new & early), "county_code", partial(_same, fault))
        old = right & (codes.codes == (codes.words.index(parent) if parent in codes.words else -1))
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
