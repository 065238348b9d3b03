"""Edits of a copied data folder, and where a value stands in its file."""

import csv
import io

from county_metrics.evidence.verify import check_data


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write_rows(path, rows):
    path.write_text(_lines(rows), encoding="utf-8", newline="")


def _lines(rows):
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def set_cells(path, row_id, **cells):
    """Write cells of the row of that id."""
    rows = read_rows(path)
    row = next(row for row in rows if row[0] == row_id)
    for name, value in cells.items():
        row[rows[0].index(name)] = value
    write_rows(path, rows)


def place(path, row_id, name):
    """``line:column`` of a cell, counted on the text itself; every row must be one line."""
    rows = read_rows(path)
    line = next(number for number, row in enumerate(rows, 1) if row[0] == row_id)
    index = rows[0].index(name)
    before = _lines([rows[line - 1][:index]]).rstrip("\n") if index else ""
    return f"{line}:{len(before) + 2 if index else 1}"


def faults(folder):
    """Messages of everything wrong in a data folder."""
    return [str(problem) for problem in check_data(folder)]
