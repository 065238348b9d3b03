"""Pages of the site as plain contexts: one for the overview, one for each run, one for each failure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from county_metrics.pipeline.collect import blocks
from county_metrics.pipeline.runner import Outcome
from county_metrics.present.wording import catalogue, markup, plain
from county_metrics.report.grids import GridPage, finished, overview, parts
from county_metrics.report.render import link_numbers, render_notebook, with_contents, words


@dataclass(frozen=True, slots=True)
class RunPage:
    """What other pages need of a run: its card, its plots and tables, and the cell that shows each number."""

    outcome: Outcome
    card: dict[str, Any]
    tables: list[str]
    plots: list[tuple[str, Any]]
    targets: dict[str, str]

    @property
    def name(self) -> str:
        """Name of the run, and of its page."""
        return self.outcome.spec.name

    @property
    def notebook(self) -> dict[str, Any]:
        """The kept notebook, read anew each time: those of a thousand runs would fill the memory."""
        assert self.outcome.entry is not None
        return _read_notebook(self.outcome.entry)


def _read_notebook(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "notebook.ipynb").read_text("utf-8"))
    return content


def read_run(outcome: Outcome) -> RunPage | None:
    """The last good result of a run, or None when there is none."""
    if outcome.entry is None:
        return None
    page = RunPage(outcome, {}, [], [], {})
    for cell, block in blocks(_read_notebook(outcome.entry)):
        if block["block"] == "results":
            page.card.update(block["card"])
        elif block["block"] == "table":
            page.tables.append(block["name"])
        elif block["block"] == "plot":
            page.plots.append((block["name"], block["alt"]))
        for ref in _references(block.get("rows", [])):
            page.targets.setdefault(ref, f"#cell-{cell}")
    return page


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["ref"]] if "number" in node else []
        return own + [ref for value in node.values() for ref in _references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]
    return []


def run_context(page: RunPage, language: str, beside: tuple[str | None, str | None] = (None, None)) -> dict[str, Any]:
    """Context of a run's page; `beside` holds the pages of the runs before and after it in its sweep."""
    name, up = page.name, _up(language, deep=True)

    def figure(block: dict[str, Any]) -> str:
        return f"{up}figures/{name}/{block['name']}.{language}.svg"

    body, contents = with_contents(link_numbers(render_notebook(page.notebook, language, figure), page.targets.get))
    w = words(language)
    downloads = [
        {"url": f"{up}notebooks/{name}.ipynb", "label": w["notebook"]},
        {"url": f"{up}data/{name}/results.json", "label": w["results"]},
        *({"url": f"{up}data/{name}/{table}.csv", "label": f"{w['table']}: {table}"} for table in sorted(page.tables)),
        *({"url": f"{up}figures/{name}/{plot}.json", "label": f"{w['figure_data']}: {plot}"} for plot, _ in sorted(page.plots)),
    ]
    run = _run(page.outcome, language) | {
        "downloads": downloads,
        "error_url": None if page.outcome.good else f"{name}-error.html",
        "beside": beside,
    }
    return {"body": body, "headings": contents, "run": run} | _frame(language, f"runs/{name}.html")


def error_context(outcome: Outcome, language: str, beside: tuple[str | None, str | None] = (None, None)) -> dict[str, Any]:
    """Context of the page that says what went wrong in a run; `beside` as for `run_context`."""
    path = outcome.failure / "notebook.ipynb" if outcome.failure else None
    body = ""
    if path is not None and path.is_file():
        notebook = _read_notebook(path.parent)
        body = render_notebook(notebook, language, None, marked=_stopped_at(notebook))
    run = _run(outcome, language) | {"failed": True, "error": outcome.error, "beside": beside}
    return {"body": body, "headings": [], "run": run} | _frame(language, f"runs/{outcome.spec.name}-error.html")


def _stopped_at(notebook: dict[str, Any]) -> str:
    """Cell at which a run stopped: the one with an error, else the first that was not executed."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"]]
    broken = [cell for cell in code if any(output["output_type"] == "error" for output in cell["outputs"])]
    unfinished = [cell for cell in code if cell["execution_count"] is None]
    return str((broken + unfinished + code[-1:])[0]["id"]) if code else ""


def grid_contexts(page: GridPage, language: str) -> list[tuple[str, dict[str, Any]]]:
    """Path and context of each page of a sweep."""
    name, spec, contexts = page.grid.name, page.members[0].spec, parts(page, language)
    files = [f"{name}.html", *(f"{name}.page-{place}.html" for place in range(2, len(contexts) + 1))]
    plots = [curve.plot["name"] for curve in page.curves]
    # A member of a file outside the project has no name that the command line knows.
    runs = [name, spec.name] if spec.source.startswith("params/") else [name]
    shared = {
        "paths": files,
        "downloads": [(f"data/{name}/runs.csv", ""), *((f"figures/{name}/{plot}.json", plot) for plot in plots)],
        "commands": [_command(run, spec.source) for run in runs],
    }
    paths = [f"runs/{file}" for file in files]
    return [(path, context | shared | _frame(language, path)) for path, context in zip(paths, contexts, strict=True)]


def home_context(pages: list[RunPage], outcomes: list[Outcome], language: str, grids: Sequence[GridPage] = ()) -> dict[str, Any]:
    """Context of the overview: single runs, and each sweep as a whole."""
    failures = [
        _run(outcome, language) | {"error_url": f"runs/{outcome.spec.name}-error.html"}
        for outcome in outcomes
        if not outcome.good and outcome.spec.grid is None
    ]
    sweeps = [overview(grid, language) for grid in grids]
    failures += [
        {"title": grid.grid.title[language], "state": finished(grid, language), "error_url": f"runs/{grid.grid.name}.html#runs"}
        for grid in grids
        if grid.good < len(grid.members)
    ]
    runs = [_overview(page, language) for page in pages if page.outcome.spec.grid is None]
    changes = [run for run in runs if run["card"]["from_to"]]
    others = [run for run in runs if not run["card"]["from_to"]]
    shown = {"runs": changes, "others": others, "failures": failures, "sweeps": sweeps}
    return shown | _frame(language, "index.html")


def _overview(page: RunPage, language: str) -> dict[str, Any]:
    card, url = page.card, f"runs/{page.name}.html"

    def shown(node: Any) -> str:
        return link_numbers(markup(node, language), lambda ref: url + page.targets[ref] if ref in page.targets else None)

    texts = {key: shown(card.get(key)) for key in ("title", "place", "from_to", "headline", "bounds")}
    grade = [{"label": plain(item["label"], language), "passed": item["passed"]} for item in card.get("grade", [])]
    plot, alt = page.plots[0] if page.plots else (None, "")
    thumbnail = f"{_up(language)}figures/{page.name}/{plot}.{language}.svg" if plot else None
    return _run(page.outcome, language) | {
        "url": url,
        "thumbnail": thumbnail,
        "card": texts | {"grade": grade, "alt": plain(alt, language)},
    }


def _run(outcome: Outcome, language: str) -> dict[str, Any]:
    spec, grid = outcome.spec, outcome.spec.grid
    state = catalogue().get(f"state.{outcome.state}", {}).get(language, outcome.state)
    return {
        "title": spec.title[language],
        "grid": {"title": grid.title[language], "url": f"{grid.name}.html"} if grid else None,
        "beside": (None, None),
        "state": state,
        "failed": False,
        "error": "",
        "error_url": None,
        "downloads": [],
        "parameters": spec.parameters,
        "command": _command(spec.name, spec.source),
    }


def _command(name: str, source: str) -> str:
    return f"county-metrics report {name if source.startswith('params/') else source}"


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
