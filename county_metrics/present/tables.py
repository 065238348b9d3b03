"""Tables from plain rows: HTML with real headers, and aligned text."""

from __future__ import annotations

import html
import unicodedata
from typing import Any

from county_metrics.present.wording import markup, plain


def column(name: str, label: Any, *, numeric: bool = False) -> dict[str, Any]:
    """Column of a table block: id, label, and whether it holds numbers."""
    return {"name": name, "label": label, "numeric": numeric}


def table_html(block: dict[str, Any], language: str) -> str:
    """A table block as HTML; the first cell of a row is its header."""
    head = "".join(f'<th scope="col"{_numeric(column)}>{markup(column["label"], language)}</th>' for column in block["columns"])
    body = "".join(f"<tr>{_row(row, block['columns'], language)}</tr>" for row in block["rows"])
    caption = markup(block["caption"], language)
    notes = "".join(f'<p class="cm-note">{markup(note, language)}</p>' for note in block["notes"])
    table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="cm-table" data-table="{html.escape(block["name"])}">{table}{notes}</div>'


def _row(row: list[Any], columns: list[dict[str, Any]], language: str) -> str:
    cells = [f'<th scope="row"{_numeric(columns[0])}>{markup(row[0], language)}</th>']
    for cell, col in zip(row[1:], columns[1:], strict=True):
        cells.append(f"<td{_numeric(col)}>{markup(cell, language)}</td>")
    return "".join(cells)


def _numeric(column: dict[str, Any]) -> str:
    return ' class="cm-num"' if column["numeric"] else ""


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
    return plain(cell, "en")
