"""Pages of runs and sweeps as plain contexts, and the overview."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from county_metrics.evidence.catalogue import Catalogue
from county_metrics.pipeline.collect import blocks
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.spec import chosen
from county_metrics.present.wording import markup, message, plain
from county_metrics.report.cards import Uses
from county_metrics.report.frame import frame, leads, up, words
from county_metrics.report.grids import GridPage, finished, overview, parts
from county_metrics.report.links import settle
from county_metrics.report.method import command
from county_metrics.report.pairs import pair_contexts
from county_metrics.report.phrases import linked_phrases
from county_metrics.report.render import render_notebook, with_contents


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
    shown: dict[str, str] = {}
    for cell, block in blocks(_read_notebook(outcome.entry)):
        if block["block"] == "results":
            page.card.update(block["card"])
        elif block["block"] == "table":
            page.tables.append(block["name"])
        elif block["block"] == "plot":
            page.plots.append((block["name"], block["alt"]))
        for ref in _references(block.get("rows", [])):
            page.targets.setdefault(ref, f"#cell-{cell}")
        for ref in _references({part: block.get(part) for part in ("caption", "paragraphs", "title", "notes", "columns")}):
            shown.setdefault(ref, f"#cell-{cell}")
    page.targets.update({ref: place for ref, place in shown.items() if ref not in page.targets})
    return page


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["ref"]] if "number" in node else []
        return own + [ref for value in node.values() for ref in _references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]
    return []


def run_context(page: RunPage, language: str, beside: tuple[str | None, str | None] = (None, None)) -> dict[str, Any]:
    """Context of a run's page; `beside` holds the pages of the runs before and after it."""
    name, path = page.name, f"runs/{page.name}.html"
    top = up(language, path)
    body = render_notebook(page.notebook, language, f"{top}figures/{name}")
    body, contents = with_contents(settle(body, leads(path, page.targets), phrases=linked_phrases(language)))
    w = words(language)
    downloads = [
        {"url": f"{top}notebooks/{name}.ipynb", "label": w["notebook"], "name": ""},
        {"url": f"{top}data/{name}/results.json", "label": w["results"], "name": ""},
        *(
            {"url": f"{top}data/{name}/{table}.csv", "label": w["table"], "name": table} | _more(page, table, language)
            for table in sorted(page.tables)
        ),
        *({"url": f"{top}figures/{name}/{plot}.json", "label": w["figure_data"], "name": plot} for plot, _ in sorted(page.plots)),
    ]
    run = _run(page.outcome, language) | {
        "downloads": downloads,
        "error_url": None if page.outcome.good else f"{name}-error.html",
        "beside": beside,
    }
    opening, end, rest = body.partition("</section>") if _opens(body) else ("", "", body)
    return {"opening": Markup(opening + end), "body": Markup(rest), "headings": contents, "run": run} | frame(language, path)


def _opens(body: str) -> bool:
    """Whether a notebook begins with its title, after which the page's contents may stand."""
    return "<h1" in body.partition("</section>")[0]


def _more(page: RunPage, table: str, language: str) -> dict[str, list[dict[str, str]]]:
    """The same table as a journal takes it; runs of a sweep have none."""
    if page.outcome.spec.grid is not None:
        return {}
    path = f"{up(language, f'runs/{page.name}.html')}data/{page.name}/{table}.{language}"
    return {"more": [{"url": f"{path}.{kind}", "label": words(language)[f"journal_{kind}"]} for kind in ("tex", "html")]}


def error_context(outcome: Outcome, language: str, beside: tuple[str | None, str | None] = (None, None)) -> dict[str, Any]:
    """Context of the page that says what went wrong in a run; `beside` as for `run_context`."""
    kept = outcome.failure / "notebook.ipynb" if outcome.failure else None
    body = ""
    if kept is not None and kept.is_file():
        notebook = _read_notebook(kept.parent)
        body = render_notebook(notebook, language, None, marked=_stopped_at(notebook))
    run = _run(outcome, language) | {"failed": True, "error": outcome.error, "beside": beside}
    path = f"runs/{outcome.spec.name}-error.html"
    return {"opening": "", "body": Markup(settle(body, leads(path))), "headings": [], "run": run} | frame(language, path)


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
        "commands": [command(run, spec.source) for run in runs],
    }
    paths = [f"runs/{file}" for file in files]
    return [(path, context | shared | frame(language, path)) for path, context in zip(paths, contexts, strict=True)]


def home_context(
    pages: list[RunPage], outcomes: list[Outcome], language: str, grids: Sequence[GridPage] = (), data: Catalogue | None = None,
    uses: Uses | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Context of the overview: the published pairs as small multiples, single runs, and each sweep as a whole."""
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
    groups = pair_contexts(data.cases, language, "index.html", uses or {}) if data else []
    shown = {"runs": changes, "others": others, "failures": failures, "sweeps": sweeps, "groups": groups}
    return shown | frame(language, "index.html")


def _overview(page: RunPage, language: str) -> dict[str, Any]:
    card, url = page.card, f"runs/{page.name}.html"
    target = leads("index.html", {ref: url + place for ref, place in page.targets.items()})
    texts = {
        key: Markup(settle(markup(card.get(key), language), target))
        for key in ("title", "place", "from_to", "headline", "bounds")
    }
    grade = [{"label": plain(item["label"], language), "passed": item["passed"]} for item in card.get("grade", [])]
    return _run(page.outcome, language) | {"url": url, "card": texts | {"grade": grade}}


def uses_of(pages: Sequence[RunPage], grids: Sequence[GridPage], data: Catalogue, language: str) -> Uses:
    """Runs and sweeps that use a pair or a case, by its id: their address and title."""
    found: dict[str, list[tuple[str, str]]] = {}
    shown = [(page.name, page.outcome.spec) for page in pages if page.outcome.spec.grid is None]
    listed = [(f"runs/{name}.html", spec.title[language], spec.parameters) for name, spec in shown]
    listed += [(f"runs/{grid.grid.name}.html", grid.grid.title[language], grid.members[0].spec.parameters) for grid in grids]
    ids = {case.id for case in data.cases} | {pair.id for case in data.cases for pair in case.pairs}
    for url, title, parameters in listed:
        for value in dict.fromkeys(str(value) for value in parameters.values()):
            if value in ids:
                found.setdefault(value, []).append((url, title))
    return found


def _run(outcome: Outcome, language: str) -> dict[str, Any]:
    spec, grid = outcome.spec, outcome.spec.grid
    state = (message(f"state.{outcome.state}") or {}).get(language, outcome.state)
    return {
        "title": spec.title[language], "choice": chosen(spec.choice),
        "grid": {"title": grid.title[language], "url": f"{grid.name}.html"} if grid else None, "beside": (None, None),
        "state": state, "failed": False, "error": "", "error_url": None, "downloads": [], "parameters": spec.parameters,
        "command": command(spec.name, spec.source),
    }  # fmt: skip
