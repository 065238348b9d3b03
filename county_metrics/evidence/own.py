"""Reading the tables of a reader's own case: each distinct cell is judged once, so that a million rows are read in seconds.

pandas is imported with this module, which only the reading of such a table imports.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.errors import DataError, Problem, nearest, unknown_id
from county_metrics.evidence.own_gaps import check_gaps
from county_metrics.evidence.own_rows import SHOWN, Cells, Content, check_rows, length_of
from county_metrics.evidence.own_tables import DATE_FORMATS, ENCODINGS, NEEDED, PERIOD_FORMATS, OwnTable, period_form, read_cell
from county_metrics.paths import shown
from county_metrics.reading import field_starts, misfit, read_text

_CHUNK = 50_000
_CUT = re.compile(r"\d{15}0+", re.ASCII)
_LONG = re.compile(r"\d{16,}", re.ASCII)
_HERE = "in case.yaml"
_FORMS = {"records": DATE_FORMATS} | dict.fromkeys(("series", "panel"), (*PERIOD_FORMATS, *DATE_FORMATS))


def read_table(table: OwnTable, problems: list[Problem]) -> Content | None:
    """Read and check a file, cells and what concerns several rows; None where nothing in it could be read, after reporting why.

    Parameters
    ----------
    table : OwnTable
        What ``case.yaml`` declares of it.
    problems : list of Problem
        Gets everything wrong, each with file, line and column.
    """
    if not table.path.is_file() or table.encoding not in ENCODINGS:
        return None
    text = read_text(table.path, shown(table.path), problems, table.encoding)
    if text is None:
        other = "gb18030" if table.encoding == "utf-8" else "utf-8"
        problems[-1] = Problem(shown(table.path), 0, 0, "", f"{problems[-1].message}, or say encoding: {other} {_HERE}")
        return None
    content = Content(table, text, problems)
    _parse(content)
    if not content.cells:
        return None
    periods = content.cells["period"].words if "period" in content.cells else []
    standard = "YYYY-MM-DD" if table.kind == "records" else ""
    content.form = period_form([word for word in periods if word not in table.missing], table.date_format or standard)
    for name, cells in content.cells.items():
        _judge(content, name, cells)
    check_rows(content)
    return content


def check_table(table: OwnTable, problems: list[Problem]) -> None:
    """Check a file as `read_table` does, and a series for gaps: it can be loaded and looked at, but not analysed, with one."""
    content = read_table(table, problems)
    if content is not None and table.kind == "series":
        check_gaps(content)


def _parse(content: Content) -> None:
    table, last, rows = content.table, 0, []
    reader = csv.reader(io.StringIO(content.text, newline=""), strict=True)
    lookups: list[defaultdict[str, int]] = []
    codes: list[list[Any]] = []
    misfits: list[int] = []
    try:
        for record in reader:
            line, last = last + 1, reader.line_num
            if not record:
                continue
            if last > line:
                content.skipped += range(line, last + 1)
                content.report(line, "row", "a quoted field runs over the end of its line; write it on one line")
            elif not content.header:
                if not _read_header(content, record, line):
                    return
                for _ in record:
                    lookup: defaultdict[str, int] = defaultdict()
                    lookup.default_factory = lookup.__len__
                    lookups.append(lookup)
                    codes.append([])
            elif len(record) != len(content.header):
                misfits.append(line)
                if len(misfits) <= SHOWN:
                    starts = field_starts(content.written[line - 1])
                    content.problems.append(misfit(record, content.header, shown(table.path), line, starts))
            elif table.header_rows == 2 and not content.units:
                content.units = dict(zip(content.header, (cell.strip() for cell in record), strict=True))
            else:
                rows.append(record)
                content.lines.append(line)
            if len(rows) == _CHUNK:
                _encode(rows, lookups, codes)
                rows = []
    except csv.Error as error:
        content.skipped += range(last + 1, len(content.written) + 1)
        content.report(last + 1, "", f"not a CSV row ({error}); check its quotes: no row from here on was read")
    content.skipped += misfits
    if more := misfits[SHOWN:]:
        message = f"from here on {len(more):,} more rows have too many or too few fields; correct the file where it is made"
        content.report(more[0], "row", message)
    if not content.header and not content.skipped:
        content.report(1, "", f"empty; the first row must name the columns, among them {', '.join(NEEDED[table.kind])}")
    if not content.header:
        return
    _encode(rows, lookups, codes)
    if not content.lines and not content.skipped:
        content.report(0, "", f"holds no rows below its header; add them, or take {table.kind}: out of case.yaml")
    if not content.lines:
        return
    known = table.known
    for name, lookup, parts in zip(content.header, lookups, codes, strict=True):
        content.cells[name] = Cells(list(lookup), np.concatenate(parts), known[name])


def _encode(rows: list[list[str]], lookups: list[defaultdict[str, int]], codes: list[list[Any]]) -> None:
    for column, lookup, parts in zip(zip(*rows, strict=True), lookups, codes, strict=False):
        parts.append(np.fromiter(map(lookup.__getitem__, column), np.int32, len(rows)))


def _read_header(content: Content, record: list[str], line: int) -> bool:
    """Names of the columns; False after reporting what is wrong with them."""
    table, known, before = content.table, content.table.known, len(content.problems)
    names = [table.columns.get(cell, cell) for cell in record]
    content.header = record
    if not set(table.columns.values()) <= set(known):
        return False
    hint = "rename it by 'columns:' or keep it by 'extra:' " + _HERE
    for cell, name in zip(record, names, strict=True):
        if name not in known:
            content.report(line, cell, f"not a column here; {hint}; {nearest(name, list(known))}")
        elif names.count(name) > 1:
            content.report(line, cell, f"'{name}' stands for two columns; keep one")
    absent = [header for header in table.columns if header not in record]
    if absent:
        has = f"it has {', '.join(record)}; write one of these"
        content.declare("columns", f"{shown(table.path)} has no column {', '.join(absent)}; {has}")
    missing = [name for name in NEEDED[table.kind] if name not in names]
    numbers = [
        name for name in names if name in known and known[name].kind == "number" and name in (*table.extra, "value", "numerator")
    ]
    if missing:
        advice = f"add them, or say by 'columns:' {_HERE} how they are named"
        content.report(line, "header", f"misses the columns {', '.join(missing)}; {advice}")
    elif table.kind != "records" and not numbers:
        content.report(line, "header", "misses the column value (or a number declared by 'extra:'); add it")
    if len(content.problems) > before:
        sign = next((sign for sign in (";", "\t", "，") if len(record) == 1 and sign in record[0]), "")
        if sign:
            del content.problems[before:]
            content.report(line, "header", f"the columns are separated by {sign!r}; save the file with commas")
        elif table.encoding == "gb18030" and not record[0].isascii() and _is_utf8(table):
            del content.problems[before:]
            content.report(line, "header", f"the file is UTF-8, not GB18030; say encoding: utf-8 {_HERE}")
        return False
    content.header = names
    return True


def _is_utf8(table: OwnTable) -> bool:
    return read_text(table.path, "", []) is not None


def _judge(content: Content, name: str, cells: Cells) -> None:
    """Values of the distinct cells of a column; what is none is reported in every row that has it."""
    table, column, faults = content.table, cells.column, {}
    marks = table.missing | (table.never if column.kind == "start" else frozenset())
    form = content.form if column.kind in ("period", "start") or table.kind == "records" else "YYYY-MM-DD"
    # A form that is none is reported where it is declared.
    unknown = column.kind in ("date", "period", "start") and form not in _FORMS[table.kind]
    values: list[Any] = []
    for code, word in enumerate(cells.words):
        value, fault = None, ""
        if word in marks:
            cells.missing.add(code)
            fault = "empty; every row needs it: fill it in, or take the row out" if column.required else ""
        elif unknown:
            cells.bad.add(code)
        elif word != word.strip():
            fault = f"'{word}' begins or ends with a space; remove it"
        else:
            value, fault = read_cell(word, column, form, table.thousands)
        values.append(value)
        if fault:
            faults[code] = fault
    cells.values = _array(values, column.kind)
    if column.kind == "id" and (cut := _cut(cells.words)):
        faults |= dict.fromkeys(cut, "a spreadsheet has cut it: all ids end in 0 after 15 digits; export the column as text")
    cells.bad |= set(faults)
    if faults:
        bad = np.zeros(len(cells.words), dtype=bool)
        bad[list(faults)] = True
        content.rows(np.flatnonzero(bad[cells.codes]), name, lambda row: faults[cells.codes[row]])


def _cut(words: list[str]) -> list[int]:
    """Codes of ids that a spreadsheet seems to have cut to 15 digits: all that are longer end in zeros."""
    long = [code for code, word in enumerate(words) if _LONG.fullmatch(word)]
    return long if len(long) > 2 and all(_CUT.fullmatch(words[code]) for code in long) else []


def _array(values: list[Any], kind: str) -> Any:
    if kind == "number":
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    if kind == "date":
        return np.array([np.datetime64("NaT") if value is None else value for value in values], dtype="datetime64[us]")
    if kind in ("period", "start"):
        return np.array([np.iinfo(np.int64).min if value is None else value for value in values], dtype=np.int64)
    return np.array(values, dtype=object)


def load_table(table: OwnTable, *, indicator: str | None = None, place: str | None = None) -> pd.DataFrame:
    """A table as a frame with typed columns, or the rows of one indicator or place.

    Raises
    ------
    UnknownIdError
        If no row has that indicator or place.
    DataError
        With every problem of the file.
    """
    problems: list[Problem] = []
    content = read_table(table, problems)
    if problems or content is None:
        raise DataError(problems or [Problem(shown(table.path), 0, 0, "", "is not there any more")])
    frame = pd.DataFrame({name: _column(content, cells) for name, cells in content.cells.items()})
    numbers = [name for name, cells in content.cells.items() if cells.column.kind == "number" and name in table.extra]
    units = {name: content.units.get(name) or table.unit for name in numbers}
    if indicator is not None and "value" not in frame:
        _known("indicator", indicator, numbers, table)
        frame, units = frame.rename(columns={indicator: "value"}), {"value": units[indicator]}
        indicator = None
    elif "value" in frame:
        units = {"value": content.units.get("value") or table.unit}
    for name, wanted in (("indicator", indicator), ("place", place)):
        if wanted is not None:
            _known(name, wanted, sorted(set(content.texts(name))), table)
            frame = frame[frame[name] == wanted].reset_index(drop=True)
    frame.attrs.update(_attributes(table, frame, units))
    return frame


def _known(what: str, name: str, allowed: list[str], table: OwnTable) -> None:
    if name not in allowed:
        raise unknown_id(f"{what} in the {table.kind} of case '{table.case}':", name, allowed)


def _column(content: Content, cells: Cells) -> Any:
    kind = cells.column.kind
    if kind in ("id", "text"):
        return pd.Series(cells.take(), dtype="str")
    if kind not in ("period", "start"):
        return cells.take()
    length, values = length_of(content.texts("period")[0], content.form), cells.take()
    if length in ("Y", "W"):
        gone = np.isin(cells.codes, list(cells.missing))
        return pd.Series(values, dtype="Int64").mask(gone) if gone.any() else values
    if length == "D":
        return values.astype("datetime64[D]").astype("datetime64[us]")
    return pd.arrays.PeriodArray(values, dtype=pd.PeriodDtype(length))


def _attributes(table: OwnTable, frame: pd.DataFrame, units: dict[str, str]) -> dict[str, Any]:
    found = (
        list(frame["unit"].dropna().unique())
        if "unit" in frame and table.kind != "records"
        else list(dict.fromkeys(units.values()))
    )
    mixed: Any = tuple(found) if "value" in frame else ""
    several = table.kind == "series" and "place" in frame and frame["place"].nunique() > 1
    facts = {
        "unit": (found[0] if len(found) == 1 else mixed if found else table.unit),
        "units": units,
        "simulated": table.simulated,
    }
    design = {"design": "controlled_series" if several else table.kind, "case": table.case, "intervention": table.intervention}
    return design | facts | table.declared
