"""Compare the curated figures with the second reading, which was made without sight of the first.

    python tools/compare_readings.py

Rows are matched by where the printed form stands in the source. Differences are listed with how they were settled.
"""

from __future__ import annotations

import csv
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from county_metrics.evidence.catalogue import load_catalogue
from county_metrics.evidence.locate import read_lock, squeezed
from county_metrics.paths import data_root

ROOT = Path(__file__).resolve().parents[1]
EXACT = ("value", "value_hi", "quantifier", "step", "kind")
"""Fields in which every difference needs a settlement of its own."""
JUDGED = ("role", "statistic", "denominator", "period", "period_basis", "base_period")
"""Fields in which differences of judgement are settled by a rule for the field."""


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((ROOT / "tests" / name).open(encoding="utf-8", newline="")))


def offset(quote: str, printed: str, slot: int | None) -> int:
    """Where the printed form begins in a phrase; the slot says which number it is where it stands there twice."""
    numbers = [found.start() for found in re.finditer(r"\d+(?:\.\d+)?", quote)]
    if slot and quote.count(printed) > 1 and slot <= len(numbers):
        return numbers[slot - 1]
    return quote.find(printed)


def first_reading() -> dict[str, dict[str, Any]]:
    """Curated figures by id, with the span of the printed form in the source."""
    lock = read_lock(data_root() / "anchors.lock.csv")
    found = {}
    for figure in load_catalogue().figures.values():
        row = lock[figure.id]
        quote, printed = squeezed(figure.quote), squeezed(figure.printed)
        start = int(row["start"]) + offset(quote, printed, figure.slot)
        fields = {name: getattr(figure, name) for name in (*EXACT, *JUDGED)} | {"quantifier": figure.quantifier.id}
        found[figure.id] = {
            "source": figure.source.id,
            "paragraph": int(row["paragraph"]),
            "start": start,
            "end": start + len(printed),
        } | fields
    return found


def match(
    first: dict[str, dict[str, Any]], second: list[dict[str, str]]
) -> tuple[dict[str, dict[str, str]], list[dict[str, str]]]:
    """Rows of the second reading by id of the figure they are about, and those about none."""
    pairs: dict[str, dict[str, str]] = {}
    alone = []
    for row in second:
        start = int(row["start"])
        end = start + len(squeezed(row["printed"]))
        overlaps = {
            name: min(end, entry["end"]) - max(start, entry["start"])
            for name, entry in first.items()
            if (entry["source"], entry["paragraph"]) == (row["source"], int(row["paragraph"])) and name not in pairs
        }
        best = max(overlaps, key=lambda name: overlaps[name], default=None)
        if best is None or overlaps[best] <= 0:
            alone.append(row)
        else:
            pairs[best] = row
    return pairs, alone


def differences(first: dict[str, dict[str, Any]], pairs: dict[str, dict[str, str]]) -> list[tuple[str, str, str, str]]:
    """(figure, field, first, second) for every field that differs."""
    found = []
    for name, row in pairs.items():
        for field in (*EXACT, *JUDGED):
            one, two = first[name][field], row[field]
            same = bool(two) and one == Decimal(two) if isinstance(one, Decimal) else (one or "") == two
            if not same:
                found.append((name, field, "" if one is None else f"{one}", two))
    return found


def main() -> int:
    """Print the comparison; exit status 1 while a difference has no settlement."""
    first = first_reading()
    pairs, alone = match(first, _rows("second_reading.csv"))
    found = differences(first, pairs)
    rows = _rows("second_reading_settled.csv")
    settled = {(row["figure"], row["field"]): row["settled"] for row in rows if row["figure"] == "*" or "only" in row["field"]}
    by_value = {(row["figure"], row["field"], row["first"], row["second"]): row["settled"] for row in rows}
    open_ = 0
    only = [(name, "only in the first") for name in first if name not in pairs] + [
        (row["quote"], "only in the second") for row in alone
    ]
    for name, field, one, two in [*found, *((name, where, "", "") for name, where in only)]:
        how = by_value.get((name, field, one, two)) or settled.get((name, field)) or settled.get(("*", field))
        open_ += how is None
        if field not in JUDGED or how is None:
            print(f"{name}: {field}: {one} | {two}: {how or 'NOT SETTLED'}")
    for field in JUDGED:
        print(f"{field}: {sum(f == field for _, f, _, _ in found)} differ: {settled.get(('*', field), 'NOT SETTLED')}")
    sizes = f"{len(first)} and {len(pairs) + len(alone)} figures, {len(pairs)} matched"
    print(f"{sizes}, {len(found)} fields differ, {open_} not settled")
    return 1 if open_ else 0


if __name__ == "__main__":
    sys.exit(main())
