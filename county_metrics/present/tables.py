"""Tables from plain rows: HTML with real headers, and aligned text."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from county_metrics.present.number import format_number
from county_metrics.present.wording import markup, plain

_FORMULA = frozenset("=+-@\t\r")
_NUMERAL = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|[+-]?inf(inity)?|nan", re.I)


def column(name: str, label: Any, *, numeric: bool = False) -> dict[str, Any]:
    """Column of a table block: id, label, and whether it holds numbers."""
    return {"name": name, "label": label, "numeric": numeric}


def table_html(block: dict[str, Any], language: str, *, page: bool = False) -> str:
    """A table block as HTML; the first cell of a row is its header.

    On a page of the report it can be scrolled by the keyboard, and columns of numbers meet at the decimal point.
    """
    columns = block["columns"]
    places = [_places(column, index, block["rows"]) if page else None for index, column in enumerate(columns)]
    head = "".join(f'<th scope="col"{_numeric(column)}>{markup(column["label"], language)}</th>' for column in columns)
    body = "".join(f"<tr>{_row(row, columns, language, places)}</tr>" for row in block["rows"])
    caption = markup(block["caption"], language)
    notes = "".join(f'<p class="cm-note">{markup(note, language)}</p>' for note in block["notes"])
    table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    label = f' tabindex="0" role="group" aria-label="{html.escape(plain(block["caption"], language))}"' if page else ""
    return f'<div class="cm-table" data-table="{html.escape(block["name"])}"{label}>{table}{notes}</div>'


def _row(row: list[Any], columns: list[dict[str, Any]], language: str, places: list[int | None]) -> str:
    cells = [f'<th scope="row"{_numeric(columns[0], row[0], places[0])}>{markup(row[0], language)}</th>']
    for cell, col, most in zip(row[1:], columns[1:], places[1:], strict=True):
        cells.append(f"<td{_numeric(col, cell, most)}>{markup(cell, language)}</td>")
    return "".join(cells)


def _decimals(cell: Any) -> int | None:
    """Decimal places a cell shows, or None where it is no bare number."""
    if not isinstance(cell, dict) or "number" not in cell or cell["unit"]:
        return None
    return len(format_number(cell["number"], cell["places"], False).partition(".")[2])


def _places(column: dict[str, Any], index: int, rows: list[list[Any]]) -> int | None:
    return max((_decimals(row[index]) or 0 for row in rows), default=0) if column["numeric"] else None


def _numeric(column: dict[str, Any], cell: Any = None, most: int | None = None) -> str:
    """Class of a cell; ``cm-dN`` leaves room for the N decimal places that others in its column have and it lacks."""
    if not column["numeric"]:
        return ""
    own = _decimals(cell) if most else None
    lacks = most - own if most and own is not None else 0
    room = f" cm-d{min(lacks, 6)}{'' if own else ' cm-whole'}" if lacks else ""
    return f' class="cm-num{room}"'


def table_plain(block: dict[str, Any], language: str) -> str:
    """A table block as text in aligned columns."""
    lines = [[plain(column["label"], language) for column in block["columns"]]]
    lines += [[plain(cell, language) for cell in row] for row in block["rows"]]
    widths = [max(_width(line[index]) for line in lines) for index in range(len(block["columns"]))]
    text = [plain(block["caption"], language)]
    for line in lines:
        cells = [
            " " * (width - _width(cell)) + cell if column["numeric"] else cell + " " * (width - _width(cell))
            for cell, width, column in zip(line, widths, block["columns"], strict=True)
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text + [plain(note, language) for note in block["notes"]])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def tidy_rows(block: dict[str, Any]) -> list[dict[str, str]]:
    """Rows of a table block as plain values, numbers unrounded, for a download."""
    names = [column["name"] for column in block["columns"]]
    return [{name: _value(cell) for name, cell in zip(names, row, strict=True)} for row in block["rows"]]


def _value(cell: Any) -> str:
    if isinstance(cell, dict) and "number" in cell:
        return str(cell["number"])
    return inert(plain(cell, "en"))


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it.

    Examples
    --------
    >>> inert("=cmd()"), inert("-62.6"), inert("plain")
    ("'=cmd()", '-62.6', 'plain')
    """
    return f"'{text}" if text[:1] in _FORMULA and not _NUMERAL.fullmatch(text) else text
