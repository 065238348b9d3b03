"""Search that works from disk: one index of everything in both languages, as a script file, and a page that reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from county_metrics.evidence.catalogue import Catalogue
from county_metrics.present.wording import LANGUAGES, both, plain, say
from county_metrics.report.cards import Context
from county_metrics.report.frame import frame, words
from county_metrics.report.grids import GridPage
from county_metrics.report.method import read_glossary
from county_metrics.report.pages import RunPage

Entry = tuple[str, str, Mapping[Any, str], Mapping[Any, str]]
"""Address from the language's folder, kind, title and text by language."""

KINDS = ("page", "case", "run", "figure", "claim", "mechanism", "indicator", "term")
_MARKS = re.compile(r"[*_`#>|$\[\]]+|\(https?:[^)]*\)")


def search_script(data: Catalogue, pages: Sequence[RunPage], grids: Sequence[GridPage]) -> str:
    """The index as a script: text is matched as it stands, so that Chinese needs no words to be told apart."""
    entries = [
        [url, KINDS.index(kind), *(title[name] for name in LANGUAGES), *(_short(text[name]) for name in LANGUAGES)]
        for url, kind, title, text in _entries(data, pages, grids)
    ]
    kinds = [{name: plain(say(f"search_kind.{kind}"), name) for name in LANGUAGES} for kind in KINDS]
    return f"window.cmIndex = {json.dumps({'kinds': kinds, 'entries': entries}, ensure_ascii=False, separators=(',', ':'))};\n"


def _short(text: str) -> str:
    return " ".join(text.split())


def _entries(data: Catalogue, pages: Sequence[RunPage], grids: Sequence[GridPage]) -> Iterator[Entry]:
    blank = {"en": "", "zh": ""}
    for name in ("cases/index", "evidence/index", "audit", "mechanisms", "indicators", "methods", "reproduce"):
        key = name.partition("/")[0]
        title, text = ({language: words(language)[f"{part}_{key}"] for language in LANGUAGES} for part in ("nav", "lead"))
        yield f"{name}.html", "page", title, text
    for case in data.cases:
        yield f"cases/{case.id}.html", "case", case.name, case.selection
    yield from _runs(pages)
    for grid in grids:
        yield f"runs/{grid.grid.name}.html", "run", grid.grid.title, blank
    yield from _curated(data)


def _runs(pages: Sequence[RunPage]) -> Iterator[Entry]:
    """Runs by title; the prose of a notebook stands with the first run of it."""
    told: set[str] = set()
    for page in pages:
        spec = page.outcome.spec
        if spec.grid is None:
            first = spec.notebook.name not in told
            told.add(spec.notebook.name)
            text = _prose(page.notebook) if first else {"en": "", "zh": ""}
            yield f"runs/{page.name}.html", "run", spec.title, text


def _prose(notebook: dict[str, Any]) -> dict[str, str]:
    found: dict[str, list[str]] = {name: [] for name in LANGUAGES}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            tags = cell["metadata"].get("tags", [])
            for name in LANGUAGES:
                if not any(f"lang-{other}" in tags for other in LANGUAGES if other != name):
                    found[name].append(_MARKS.sub(" ", cell["source"]))
    return {name: " ".join(texts) for name, texts in found.items()}


def _curated(data: Catalogue) -> Iterator[Entry]:
    names = {case.id: case.name for case in data.cases}
    for figure in data.figures.values():
        title = {name: f"{figure.indicator.label[name]} · {names[figure.case][name]}" for name in LANGUAGES}
        text = {name: f"{figure.printed} · {figure.scope[name]} · {figure.note[name]}" for name in LANGUAGES}
        yield f"evidence/{figure.id}.html", "figure", title, text
    for claim in data.claims:
        yield f"audit.html#{claim.id}", "claim", claim.text, claim.reason
    for mechanism in data.mechanisms:
        about = {name: f"{mechanism.what[name]} {mechanism.measure[name]}" for name in LANGUAGES}
        yield f"cases/{mechanism.case}.html#mechanism-{mechanism.id}", "mechanism", mechanism.name, about
    for indicator in data.words.indicators.values():
        yield f"indicators.html#indicator-{indicator.id}", "indicator", indicator.label, indicator.definition
    for row in read_glossary():
        name = both(f"{row['term_en']} · {row['term_zh']}", f"{row['term_zh']} · {row['term_en']}")
        yield f"methods.html#term-{row['id']}", "term", name, both(row["explanation_en"], row["explanation_zh"])


def search_context(data: Catalogue, pages: Sequence[RunPage], grids: Sequence[GridPage], language: str) -> Context:
    """The page that searches; without scripts it is the list of every page."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for url, kind, title, _ in _entries(data, pages, grids):
        if kind in ("page", "case", "run"):
            groups.setdefault(plain(say(f"search_kind.{kind}"), language), []).append((url, title[language]))
    path = "search.html"
    return path, "search", frame(language, path) | {"groups": groups, "scripts": ["index.js", "search.js"]}
