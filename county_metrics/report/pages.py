"""Pages of the site as plain contexts: one for the overview, one for each run, one for each failure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from county_metrics.pipeline.collect import blocks
from county_metrics.pipeline.runner import Outcome
from county_metrics.present.wording import catalogue, markup, plain
from county_metrics.report.render import link_numbers, render_notebook, with_contents, words


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run with its kept notebook: what both language versions of its page are made from."""

    outcome: Outcome
    notebook: dict[str, Any]
    card: dict[str, Any]
    targets: dict[str, str]

    @property
    def name(self) -> str:
        """Name of the run, and of its page."""
        return self.outcome.spec.name


def read_run(outcome: Outcome) -> RunPage | None:
    """The last good result of a run, or None when there is none."""
    if outcome.entry is None:
        return None
    notebook = json.loads((outcome.entry / "notebook.ipynb").read_text("utf-8"))
    card: dict[str, Any] = {}
    targets: dict[str, str] = {}
    for cell, block in blocks(notebook):
        if block["block"] == "results":
            card = block["card"]
        for ref in _references(block.get("rows", [])):
            targets.setdefault(ref, f"#cell-{cell}")
    return RunPage(outcome, notebook, card, targets)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["ref"]] if "number" in node else []
        return own + [ref for value in node.values() for ref in _references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]
    return []


def run_context(page: RunPage, language: str) -> dict[str, Any]:
    """Context of a run's page."""
    name, up = page.name, _up(language, deep=True)

    def figure(block: dict[str, Any]) -> str:
        return f"{up}figures/{name}/{block['name']}.{language}.svg"

    body, contents = with_contents(link_numbers(render_notebook(page.notebook, language, figure), page.targets.get))
    w = words(language)
    tables = sorted({block["name"] for _, block in blocks(page.notebook) if block["block"] == "table"})
    plots = sorted({block["name"] for _, block in blocks(page.notebook) if block["block"] == "plot"})
    downloads = [
        {"url": f"{up}notebooks/{name}.ipynb", "label": w["notebook"]},
        {"url": f"{up}data/{name}/results.json", "label": w["results"]},
        *({"url": f"{up}data/{name}/{table}.csv", "label": f"{w['table']}: {table}"} for table in tables),
        *({"url": f"{up}figures/{name}/{plot}.json", "label": f"{w['figure_data']}: {plot}"} for plot in plots),
    ]
    run = _run(page.outcome, language) | {
        "downloads": downloads,
        "error_url": None if page.outcome.good else f"{name}-error.html",
    }
    return {"body": body, "headings": contents, "run": run} | _frame(language, f"runs/{name}.html")


def error_context(outcome: Outcome, language: str) -> dict[str, Any]:
    """Context of the page that says what went wrong in a run."""
    path = outcome.failure / "notebook.ipynb" if outcome.failure else None
    body = ""
    if path is not None and path.is_file():
        notebook = json.loads(path.read_text("utf-8"))
        body = render_notebook(notebook, language, None, marked=_stopped_at(notebook))
    run = _run(outcome, language) | {"failed": True, "error": outcome.error, "downloads": []}
    return {"body": body, "headings": [], "run": run} | _frame(language, f"runs/{outcome.spec.name}-error.html")


def _stopped_at(notebook: dict[str, Any]) -> str:
    """Cell at which a run stopped: the one with an error, else the first that was not executed."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"]]
    broken = [cell for cell in code if any(output["output_type"] == "error" for output in cell["outputs"])]
    unfinished = [cell for cell in code if cell["execution_count"] is None]
    return str((broken + unfinished + code[-1:])[0]["id"]) if code else ""


def home_context(pages: list[RunPage], outcomes: list[Outcome], language: str) -> dict[str, Any]:
    """Context of the overview."""
    failures = [
        _run(outcome, language) | {"error_url": f"runs/{outcome.spec.name}-error.html"}
        for outcome in outcomes
        if not outcome.good
    ]
    runs = [_overview(page, language) for page in pages]
    changes = [run for run in runs if run["card"]["from_to"]]
    others = [run for run in runs if not run["card"]["from_to"]]
    return {"runs": changes, "others": others, "failures": failures} | _frame(language, "index.html")


def _overview(page: RunPage, language: str) -> dict[str, Any]:
    card, url = page.card, f"runs/{page.name}.html"

    def shown(node: Any) -> str:
        return link_numbers(markup(node, language), lambda ref: url + page.targets[ref] if ref in page.targets else None)

    plots = [block for _, block in blocks(page.notebook) if block["block"] == "plot"]
    texts = {key: shown(card.get(key)) for key in ("title", "place", "from_to", "headline", "bounds")}
    grade = [{"label": plain(item["label"], language), "passed": item["passed"]} for item in card.get("grade", [])]
    alt = plain(plots[0]["alt"], language) if plots else ""
    thumbnail = f"{_up(language)}figures/{page.name}/{plots[0]['name']}.{language}.svg" if plots else None
    return _run(page.outcome, language) | {"url": url, "thumbnail": thumbnail, "card": texts | {"grade": grade, "alt": alt}}


def _run(outcome: Outcome, language: str) -> dict[str, Any]:
    spec = outcome.spec
    state = catalogue().get(f"state.{outcome.state}", {}).get(language, outcome.state)
    return {
        "title": spec.title[language],
        "state": state,
        "failed": False,
        "error": "",
        "error_url": None,
        "downloads": [],
        "parameters": spec.parameters,
        "command": f"county-metrics report {spec.name if spec.source.startswith('params/') else spec.source}",
    }


def _up(language: str, *, deep: bool = False) -> str:
    return "../" * ((language != "en") + deep)


def _frame(language: str, path: str) -> dict[str, Any]:
    """What every page needs: words, language, and the way to the other language and home."""
    deep = "/" in path
    up = _up(language, deep=deep)
    other = "zh" if language == "en" else "en"
    return {
        "w": words(language),
        "lang": "en" if language == "en" else "zh-Hans",
        "other_lang": "zh-Hans" if other == "zh" else "en",
        "other_url": f"{up}{'zh/' if other == 'zh' else ''}{path}",
        "home_url": "../index.html" if deep else "index.html",
        "up": up,
    }
