"""From an executed notebook to what is kept: a notebook without a clock, results, tables, figures."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from county_metrics.errors import RunnerError
from county_metrics.pipeline.spec import RunSpec
from county_metrics.pipeline.store import write_json, write_text
from county_metrics.present.payload import DRAWINGS, MIME, to_html, walk
from county_metrics.present.tables import tidy_rows
from county_metrics.present.wording import LANGUAGES

_MARKER = "papermill-error-cell-tag"
_HALF = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def clean(notebook: Any, *, mend: bool = False) -> dict[str, Any]:
    """Executed notebook as plain JSON without times, random ids or paths of the run.

    Raises
    ------
    RunnerError
        If it is not a valid notebook, holds half a character, which no file can keep, or a payload that cannot be shown;
        with `mend` the character is replaced and the payload left out.
    """
    text = json.dumps(notebook, ensure_ascii=False)
    if (half := _HALF.search(text)) and not mend:
        raise RunnerError(f"an output holds half a character (U+{ord(half.group()):04X}); print whole ones")
    content: dict[str, Any] = json.loads(_HALF.sub("\ufffd", text))
    for cell, output, fault in _faults(content):
        if not mend:
            raise RunnerError(f"cell '{cell['id']}' put out {fault}; make it with the functions of county_metrics")
        del output["data"][MIME]
    content["metadata"].pop("papermill", None)
    language = content["metadata"].get("language_info", {})
    content["metadata"]["language_info"] = {"name": language.get("name", "python")}
    seen: set[str] = set()
    content["cells"] = [cell for cell in content["cells"] if _MARKER not in cell["metadata"].get("tags", [])]
    for cell in content["cells"]:
        for name in ("papermill", "execution"):
            cell["metadata"].pop(name, None)
        if "injected-parameters" in cell["metadata"].get("tags", []):
            cell["id"] = hashlib.sha256(str(cell["source"]).encode()).hexdigest()[:8]
        if cell["id"] in seen:
            raise RunnerError(f"two cells of the notebook have the id '{cell['id']}'; give one another id")
        seen.add(cell["id"])
    _validate(content)
    return content


def _validate(content: dict[str, Any]) -> None:
    import nbformat

    try:
        nbformat.validate(nbformat.from_dict(content))
    except nbformat.ValidationError as error:
        raise RunnerError(f"not a valid notebook: {str(error).splitlines()[0]}") from error


def tell_apart(notebook: dict[str, Any]) -> None:
    """Number, in place, the blocks of one kind that share a name, since files are named after them.

    Raises
    ------
    RunnerError
        If a name could not be that of a file.
    """
    taken: set[tuple[str, str]] = set()
    named = [block for _, block in blocks(notebook) if "name" in block]
    for block in named:
        base, count = block["name"], 1
        if not _NAME.fullmatch(base):
            raise RunnerError(f"'{base}' cannot name a table or figure; use ASCII letters, digits, '-' and '_'")
        while (block["block"], block["name"]) in taken:
            count += 1
            block["name"] = f"{base}-{count}"
        taken.add((block["block"], block["name"]))


def take_drawings(notebook: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Take the plots in every language out of the outputs, in the order of their blocks; none where a kernel made none."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    return iter([drawn for output in outputs for drawn in output["data"].pop(DRAWINGS, [])])


def draw_all(block: dict[str, Any]) -> dict[str, str]:
    """A plot block as SVG in every language."""
    from county_metrics.present.plots import svg

    return {language: svg(block, language).decode("utf-8") for language in LANGUAGES}


def _faults(notebook: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Outputs whose payload this package did not make, found by showing each once in both languages: none stops a page."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            block = output.get("data", {}).get(MIME)
            if block is None:
                continue
            try:
                for language in LANGUAGES:
                    to_html(block, language)
                for inner in walk(block):
                    if inner["block"] == "table":
                        tidy_rows(inner)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                kind = block.get("block") if isinstance(block, dict) else type(block).__name__
                yield cell, output, f"a {kind} that cannot be shown ({type(error).__name__}: {error})"


def blocks(notebook: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every payload block among the outputs, with the id of its cell, in order."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            block = output.get("data", {}).get(MIME)
            if block is not None:
                for inner in walk(block):
                    yield cell["id"], inner


def result_rows(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Typed results that the notebook recorded.

    Raises
    ------
    RunnerError
        If it recorded none.
    """
    rows = [row for _, block in blocks(notebook) if block["block"] == "results" for row in block["rows"]]
    if not rows:
        raise RunnerError("the notebook recorded no results; end it with a cell that shows cm.record(...)")
    return rows


def write_outputs(notebook: dict[str, Any], spec: RunSpec, folder: Path) -> None:
    """Write what is kept of a run: notebook, results, tables as CSV, figures as SVG in both languages."""
    tell_apart(notebook)
    drawings = take_drawings(notebook)
    write_text(folder / "notebook.ipynb", json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")
    rows = result_rows(notebook)
    write_json(folder / "results.json", {"parameters": spec.parameters, "results": rows})
    for name in ("figures", "data"):
        (folder / name).mkdir()
    for _, block in blocks(notebook):
        if block["block"] == "plot":
            drawn = next(drawings, None) or draw_all(block)
            for language, image in drawn.items():
                write_text(folder / "figures" / f"{block['name']}.{language}.svg", image)
            write_json(folder / "figures" / f"{block['name']}.json", block["data"])
        elif block["block"] == "table":
            write_text(folder / "data" / f"{block['name']}.csv", csv_text(tidy_rows(block)))


def csv_text(rows: list[dict[str, Any]]) -> str:
    """Rows of equal keys as CSV."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()
