"""The machine-readable face of the report: every table as CSV and JSON, with an index that says what each column holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from county_metrics.analysis.endpoints import endpoint_change
from county_metrics.evidence.case import Pair
from county_metrics.evidence.catalogue import Catalogue
from county_metrics.evidence.frames import NUMBERS, TABLES, curated
from county_metrics.pipeline.collect import blocks, csv_text
from county_metrics.pipeline.store import write_json, write_text
from county_metrics.present.tables import inert
from county_metrics.present.wording import LANGUAGES, catalogue, plain
from county_metrics.report.journal import write_journal

if TYPE_CHECKING:
    from county_metrics.report.pages import RunPage

LICENCE = "CC-BY-4.0"
_OWN_LICENCE = "that of the data the run reads"
_RESULT_NUMBERS = frozenset(("low", "high", "before_value", "after_value", "change", "change_low", "change_high", "n_figures"))
_UNITS = dict.fromkeys(("change", "change_low", "change_high"), "change_unit") | {"n_figures": "", "implied": ""}
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")

Rows = list[dict[str, Any]]


def write_datafiles(folder: Path, pages: list[RunPage]) -> None:
    """Write ``data/`` of a site: tables over everything, tables of each run, journal tables, ``index.json``.

    Runs of a sweep have their rows in ``results`` and their tables as CSV; a JSON and a journal table for each of a
    thousand of them would be files nobody opens.

    Parameters
    ----------
    folder : Path
        The site. In a CSV, text that a spreadsheet would run as a formula is set off by an apostrophe; JSON has it as it is.
    pages : list of RunPage
    """
    data = folder / "data"
    data.mkdir(exist_ok=True)
    index = [
        _write(data, name, dict(catalogue()[f"dataset.{name}"]), rows, _described(name, list(rows[0])), LICENCE)
        for name, rows in _tables(pages)
        if rows
    ]
    for page in (page for page in pages if page.outcome.spec.grid is None):
        for _, block in blocks(page.notebook):
            if block["block"] == "table":
                (data / page.name).mkdir(exist_ok=True)
                index.append(_write_block(data, page.name, block))
    write_json(data / "index.json", {"tables": index})


def _tables(pages: list[RunPage]) -> Iterator[tuple[str, Rows]]:
    found = curated()
    yield "results", [row for page in pages for row in _results(page)]
    for name, rows in TABLES.items():
        yield name, list(rows(found))
    yield "units", [{"id": u.id, **_two("label", u.label), "dimension": u.dimension} for u in found.words.units.values()]
    yield "cases", _cases(found)
    yield "pairs", [_pair(pair) for case in found.cases for pair in case.pairs]


def _results(page: RunPage) -> Rows:
    assert page.outcome.entry is not None
    kept = json.loads((page.outcome.entry / "results.json").read_text("utf-8"))
    grid = page.outcome.spec.grid
    shared = {"run": page.name, "grid": grid.name if grid else "", "parameters": _dense(kept["parameters"])}
    names = ("name", "value", "low", "high", "unit", "provenance")
    return [shared | {name: "" if row[name] is None else row[name] for name in names} for row in kept["results"]]


def _dense(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _two(name: str, text: dict[str, str]) -> dict[str, str]:
    return {f"{name}_{language}": text[language] for language in LANGUAGES}


def _cases(found: Catalogue) -> Rows:
    return [
        {"id": case.id, **_two("name", case.name), **_two("level", case.level), **_two("parent", case.parent)}
        | {"code": case.code, "status": case.status, "n_figures": len(case.figures), **_two("selection", case.selection)}
        for case in found.cases
    ]


def _pair(pair: Pair) -> dict[str, Any]:
    result = endpoint_change(pair)
    change = result.percentage_points or result.percent_change
    grade = {item.id: "yes" if item.passed else "no" for item in pair.grade}
    ends = {"change": change.value, "change_low": change.low, "change_high": change.high}
    return (
        {"id": pair.id, "case": pair.case, "indicator": pair.indicator.id, **_two("indicator", pair.indicator.label)}
        | {"before": pair.before.id, "after": pair.after.id, "unit": pair.before.unit.id}
        | {"before_value": f"{pair.before.value:f}", "after_value": f"{pair.after.value:f}"}
        | {name: "" if value is None else f"{value:f}" for name, value in ends.items()}
        | {"change_unit": "percentage_point" if result.percentage_points else "percent", "nature": pair.indicator.nature}
        | dict(zip(("dates_stated", "statistic_stated", "same_scope", "independent"), grade.values(), strict=True))
    )


def _described(name: str, columns: list[str]) -> list[dict[str, Any]]:
    """Columns of a table over everything: name, type, where the unit stands, words in both languages."""
    words, numbers = catalogue(), NUMBERS | _RESULT_NUMBERS
    found = []
    for column in columns:
        label = words.get(f"datacolumn.{column}") if name in ("results", "units", "cases", "pairs") else None
        label = label or words.get(f"columns.{column}") or dict.fromkeys(LANGUAGES, column)
        unit = _UNITS.get(column, "unit" if "unit" in columns else "") if column in numbers else ""
        kind = "number" if column in numbers else "text"
        found.append({"name": column, "type": kind, "unit_column": unit or None, "description": dict(label)})
    return found


def _write(
    data: Path, name: str, title: dict[str, str], rows: Rows, columns: list[dict[str, Any]], licence: str
) -> dict[str, Any]:
    """Write a table as CSV and JSON; returns its entry of the index."""
    entry = {"name": name, "title": title, "licence": licence, "columns": columns, "rows": len(rows)}
    numeric = {column["name"] for column in columns if column["type"] == "number"}
    write_text(data / f"{name}.csv", csv_text([{key: inert(str(cell)) for key, cell in row.items()} for row in rows]))
    # The results of a run stand there already, unrounded and typed.
    if not (data / f"{name}.json").exists():
        values = [{key: _value(cell, key in numeric) for key, cell in row.items()} for row in rows]
        write_json(data / f"{name}.json", entry | {"rows": values})
    return entry | {"csv": f"{name}.csv", "json": f"{name}.json"}


def _value(cell: Any, numeric: bool) -> Any:
    """A cell for JSON: a number where the column holds numbers, null where it has none."""
    text = str(cell)
    if not numeric:
        return text
    if not _NUMBER.fullmatch(text):
        return text or None
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def _cell(cell: Any) -> str:
    return str(cell["number"]) if isinstance(cell, dict) and "number" in cell else plain(cell, "en")


def _write_block(data: Path, run: str, block: dict[str, Any]) -> dict[str, Any]:
    """Write a table of a run as CSV and JSON and for a journal."""
    names = [column["name"] for column in block["columns"]]
    rows: Rows = [{name: _cell(cell) for name, cell in zip(names, row, strict=True)} for row in block["rows"]]
    columns = [
        {"name": c["name"], "type": "number" if c["numeric"] else "text", "unit_column": None}
        | {"description": {language: plain(c["label"], language) for language in LANGUAGES}}
        for c in block["columns"]
    ]
    write_journal(block, data / run)
    title: dict[str, str] = {language: plain(block["caption"], language) for language in LANGUAGES}
    journal = [f"{run}/{block['name']}.{language}.{kind}" for language in LANGUAGES for kind in ("tex", "html")]
    return _write(data, f"{run}/{block['name']}", title, rows, columns, _OWN_LICENCE) | {"journal": journal}
