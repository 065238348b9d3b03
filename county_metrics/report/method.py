"""How the numbers are made: methods, glossary, declared constants; and how to make every page again."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from county_metrics.analysis.design import analyses, designs
from county_metrics.evidence.audit import VERDICTS
from county_metrics.evidence.catalogue import Catalogue
from county_metrics.paths import data_root
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.spec import chosen
from county_metrics.present.number import number
from county_metrics.present.wording import both, markup, plain, say
from county_metrics.report.cards import Context, case_known, shown
from county_metrics.report.frame import frame, leads
from county_metrics.report.links import constants, settle
from county_metrics.report.pairs import ORDER

GLOSSARY = ("id", "term_zh", "term_en", "explanation_en", "explanation_zh", "case")
"""Columns of ``glossary.csv``; `case` is the case whose source uses the term."""


def read_glossary(folder: Path | None = None) -> list[dict[str, str]]:
    """Terms that a reader from elsewhere would not know, in the order of the file."""
    with ((folder or data_root()) / "glossary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def method_page(data: Catalogue, language: str) -> Context:
    """How a number is read, bounded, graded and refused; the glossary; the constants."""
    path = "methods.html"
    names = {case.id: case.name[language] for case in data.cases}
    known = {case.id: case_known(case) for case in data.cases}
    terms = [
        {
            "id": f"term-{row['id']}",
            "name": row["term_en"] if language == "en" else row["term_zh"],
            "other": row["term_zh"] if language == "en" else row["term_en"],
            "text": shown(both(row["explanation_en"], row["explanation_zh"]), language, path, known.get(row["case"])),
            "place": names.get(row["case"], ""),
            "url": f"cases/{row['case']}.html",
        }
        for row in read_glossary()
    ]
    return (
        path,
        "methods",
        frame(language, path)
        | {
            "quantifiers": [(q.label[language], " ".join(q.words)) for q in data.words.quantifiers.values()],
            "grades": [_grade(name, language) for name in ("dates", "statistic", "scope", "independent")],
            "verdicts": [
                (name, plain(say(f"verdict_name.{name}"), language), plain(say(f"verdict_means.{name}"), language))
                for name in VERDICTS
            ],
            "natures": [(plain(say(f"nature_name.{n}"), language), plain(say(f"nature.{n}"), language)) for n in ORDER],
            "designs": [
                {
                    "label": design.label[language],
                    "notation": design.notation,
                    "holds": design.holds[language],
                    "open": [analyses()[name].label[language] for name in design.open],
                }
                for design in designs().values()
            ],
            "refusals": [
                (a.label[language], a.why[language], a.answerable_with[language])
                for a in analyses().values()
                if "endpoints" not in a.designs
            ],
            "guide": [
                (plain(say(f"guide_term.{name}"), language), plain(say(f"guide_text.{name}"), language)) for name in _GUIDE
            ],
            "terms": terms,
            "constants": [(f"constant-{c.id}", ", ".join(c.text[language]), c.reason[language]) for c in constants()],
        },
    )


_GUIDE = ("scope", "points", "year_on_year", "doubling", "times", "near", "cumulative", "working_days")


def _grade(name: str, language: str) -> tuple[str, str, str]:
    yes, no = (plain(say(f"grade.{name}_{answer}"), language) for answer in ("yes", "no"))
    return plain(say(f"grade.{name}"), language), yes, no


def reproduce_page(outcomes: list[Outcome], environment: Mapping[str, Any], language: str) -> Context:
    """Every run with its key, the command that makes it again and its parameters; sweeps as a whole."""
    path = "reproduce.html"
    sweeps: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.spec.grid:
            sweeps.setdefault(outcome.spec.stem, []).append(outcome)
    runs = [_run(outcome, language) for outcome in outcomes if outcome.spec.grid is None]
    return (
        path,
        "reproduce",
        frame(language, path)
        | {"runs": runs, "sweeps": [_sweep(found, language, path) for found in sweeps.values()], "environment": environment},
    )


def _run(outcome: Outcome, language: str) -> dict[str, Any]:
    spec = outcome.spec
    return {
        "title": spec.title[language],
        "url": f"runs/{spec.name}.html" if outcome.entry else f"runs/{spec.name}-error.html",
        "command": command(spec.name, spec.source),
        "parameters": chosen(spec.parameters, is_=": "),
        "key": outcome.entry.name[:16] if outcome.entry else "",
        "notebook": f"notebooks/{spec.name}.ipynb" if outcome.entry else "",
    }


def _sweep(members: list[Outcome], language: str, path: str) -> dict[str, Any]:
    grid, source = members[0].spec.grid, members[0].spec.source
    assert grid is not None
    count = markup(say("reproduce.members", count=number(len(members), ref="result:runs")), language)
    url = f"runs/{grid.name}.html"
    return {
        "title": grid.title[language],
        "url": url,
        "command": command(grid.name, source),
        "count": Markup(settle(count, leads(path, {"result:runs": f"{url}#runs"}))),
    }


def command(name: str, source: str) -> str:
    """The command that executes a run again where something changed."""
    return f"county-metrics report {name if source.startswith('params/') else source}"
