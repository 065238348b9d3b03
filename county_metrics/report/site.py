"""The site in one step: pages, figures, data and fonts in a new folder, then one swap of a link."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from county_metrics.paths import PACKAGE, fonts
from county_metrics.pipeline.collect import csv_text, draw_all
from county_metrics.pipeline.digest import digest, file_digest
from county_metrics.pipeline.key import locked_versions
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.store import Store, point, write_json, write_text
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.grids import GridPage, neighbours, read_grids, write_grid
from county_metrics.report.pages import RunPage, error_context, grid_contexts, home_context, read_run, run_context


def build_site(outcomes: list[Outcome], store: Store, key: str) -> Path:
    """Write the site of the given runs and show it at ``build/report``.

    Parameters
    ----------
    outcomes : list of Outcome
        Every run, good or not.
    store : Store
        Held by the caller.
    key : str
        From `site_key`.

    Returns
    -------
    Path
        The site's folder; the earlier one stays in place until this one is whole.
    """
    with store.scratch() as scratch:
        folder = scratch / "site"
        folder.mkdir()
        pages = [page for outcome in outcomes if (page := read_run(outcome)) is not None]
        grids = read_grids(outcomes, {page.name: page.targets for page in pages})
        characters = _write_pages(folder, pages, grids, outcomes)
        _copy_outputs(folder, pages)
        drawings = _Drawings(store)
        for grid in grids:
            write_grid(grid, folder, drawings.draw)
        _write_static(folder, characters)
        _write_results(folder, pages)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        runs = {o.spec.name: {"state": "done" if o.good else o.state, "key": o.entry.name if o.entry else None} for o in outcomes}
        listing = {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)} for path in files
        }
        write_json(folder / "manifest.json", {"runs": runs, "files": listing, "drawings": drawings.made})
        target = store.build / "sites" / key
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            shutil.rmtree(target)
        folder.rename(target)
    point(store.build / "report", target)
    for other in target.parent.iterdir():
        if other != target:
            shutil.rmtree(other)
    return store.build / "report"


class _Drawings:
    """Plots as SVG by language; one that the site of before has is taken from there, since drawing takes seconds.

    `made` goes into the manifest: a digest of all that shapes a plot, by the plot's path without its ending.
    """

    def __init__(self, store: Store) -> None:
        own = [path for path in sorted((PACKAGE / "present").glob("*")) if path.suffix in (".py", ".toml")]
        self._shaping = [locked_versions(store.build.parent), {path.name: file_digest(path) for path in own}]
        self._before = store.build / "report"
        self.made: dict[str, str] = {}

    def draw(self, path: str, block: dict[str, Any]) -> dict[str, str]:
        self.made[path] = digest([block, self._shaping])
        return self._earlier(path) or draw_all(block)

    def _earlier(self, path: str) -> dict[str, str]:
        names = {language: f"{path}.{language}.svg" for language in LANGUAGES}
        try:
            site = json.loads((self._before / "manifest.json").read_text("utf-8"))
            intact = all(file_digest(self._before / name) == site["files"][name]["sha256"] for name in names.values())
            if intact and site["drawings"][path] == self.made[path]:
                return {language: (self._before / name).read_text("utf-8") for language, name in names.items()}
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return {}


def _write_pages(folder: Path, pages: list[RunPage], grids: list[GridPage], outcomes: list[Outcome]) -> set[int]:
    """Write every page in both languages; returns the characters they use, to which the fonts are cut."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    characters: set[int] = set()
    for language in LANGUAGES:
        root = folder if language == "en" else folder / language
        (root / "runs").mkdir(parents=True)
        for path, template, context in _contexts(pages, grids, outcomes, language):
            _trust(context, Markup)
            html = environment.get_template(f"{template}.html.j2").render(context)
            write_text(root / path, html + "\n")
            characters.update(map(ord, set(html)))
    return characters


def _contexts(
    pages: list[RunPage], grids: list[GridPage], outcomes: list[Outcome], language: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, template and context of each page, one at a time: those of a thousand runs would fill the memory."""
    yield "index.html", "home", home_context(pages, outcomes, language, grids)
    for grid in grids:
        yield from ((path, "grid", context) for path, context in grid_contexts(grid, language))
    beside = {name: pair for grid in grids for name, pair in neighbours(grid).items()}
    for page in pages:
        yield f"runs/{page.name}.html", "run", run_context(page, language, beside.get(page.name, (None, None)))
    for outcome in outcomes:
        if not outcome.good:
            context = error_context(outcome, language, beside.get(outcome.spec.name, (None, None)))
            yield f"runs/{outcome.spec.name}-error.html", "run", context


def _trust(context: dict[str, Any], markup: Any) -> None:
    """Mark as HTML what this package rendered; everything else is escaped by the template."""
    if "body" in context:
        context["body"] = markup(context["body"])
    for run in (*context.get("runs", []), *context.get("others", [])):
        run["card"] |= {key: markup(run["card"][key]) for key in ("title", "place", "from_to", "headline", "bounds")}


def _copy_outputs(folder: Path, pages: list[RunPage]) -> None:
    (folder / "notebooks").mkdir()
    for page in pages:
        entry = page.outcome.entry
        assert entry is not None
        shutil.copyfile(entry / "notebook.ipynb", folder / "notebooks" / f"{page.name}.ipynb")
        shutil.copytree(entry / "figures", folder / "figures" / page.name)
        shutil.copytree(entry / "data", folder / "data" / page.name)
        shutil.copyfile(entry / "results.json", folder / "data" / page.name / "results.json")


def _write_static(folder: Path, characters: set[int]) -> None:
    """Style sheet, and the shipped fonts cut down to the characters the site uses."""
    from fontTools import subset

    static = folder / "static"
    (static / "fonts").mkdir(parents=True)
    shutil.copyfile(Path(__file__).parent / "static" / "site.css", static / "site.css")
    for weight in ("Regular", "Bold"):
        options = subset.Options(flavor="woff2", layout_features=["kern", "tnum"], hinting=False, recalc_timestamp=False)
        font = subset.load_font(str(fonts() / f"NotoSansSC-{weight}.ttf"), options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=characters | set(range(0x20, 0x7F)))
        cutter.subset(font)
        subset.save_font(font, str(static / "fonts" / f"{weight.lower()}.woff2"), options)
    shutil.copyfile(fonts() / "OFL.txt", static / "fonts" / "OFL.txt")


def _write_results(folder: Path, pages: list[RunPage]) -> None:
    """Results and parameters of every run as one tidy table."""
    names = sorted({name for page in pages for name in page.outcome.spec.parameters})
    rows = []
    for page in pages:
        assert page.outcome.entry is not None
        kept = json.loads((page.outcome.entry / "results.json").read_text("utf-8"))
        given = {name: kept["parameters"].get(name, "") for name in names}
        for row in kept["results"]:
            ends = {end: "" if row[end] is None else row[end] for end in ("low", "high")}
            rows.append(
                {
                    "run": page.name,
                    "grid": page.outcome.spec.grid.name if page.outcome.spec.grid else "",
                    **given,
                    "name": row["name"],
                    "value": row["value"],
                    **ends,
                    "unit": row["unit"],
                    "provenance": row["provenance"],
                }
            )
    write_text(folder / "results.csv", csv_text(rows))
