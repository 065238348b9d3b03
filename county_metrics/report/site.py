"""The site in one step: pages, figures, data and fonts in a new folder, then one swap of a link."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from county_metrics.evidence.frames import curated
from county_metrics.paths import fonts
from county_metrics.pipeline.collect import csv_text, draw_all
from county_metrics.pipeline.digest import digest, file_digest
from county_metrics.pipeline.key import locked_versions
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.store import Store, point, write_json, write_text
from county_metrics.present.tables import inert
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.cards import Uses
from county_metrics.report.curated import curated_pages, curated_paths
from county_metrics.report.current import shaping
from county_metrics.report.datafiles import write_datafiles
from county_metrics.report.frame import quiet_direction
from county_metrics.report.grids import GridPage, neighbours, read_grids, write_grid
from county_metrics.report.method import reproduce_page
from county_metrics.report.pages import RunPage, error_context, grid_contexts, home_context, read_run, run_context, uses_of
from county_metrics.report.pdf import write_pdf
from county_metrics.report.reuse import Earlier
from county_metrics.report.search import search_context, search_script


def build_site(outcomes: list[Outcome], store: Store, key: str) -> Path:
    """Write the site of all runs, good or not, and show it at ``build/report``.

    The caller holds the `store`; `key` is from `site_key`. The site before stays in place until this one is whole.
    """
    root = store.build.parent
    with store.scratch() as scratch:
        folder = scratch / "site"
        folder.mkdir()
        pages = [page for outcome in outcomes if (page := read_run(outcome)) is not None]
        grids = read_grids(outcomes, {page.name: page.targets for page in pages})
        earlier = Earlier(store.build / "report")
        look = shaping(root)
        site = _Site(folder, pages, grids, outcomes, earlier, look, locked_versions(root))
        for language in LANGUAGES:
            site.write(language)
        _copy_outputs(folder, pages)
        for grid in grids:
            write_grid(grid, folder, lambda path, block: _drawn(path, block, earlier, look))
        _write_static(folder, site, earlier)
        _write_results(folder, pages)
        write_datafiles(folder, pages)
        write_pdf(folder, pages, earlier)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        runs = {o.spec.name: {"state": "done" if o.good else o.state, "key": o.entry.name if o.entry else None} for o in outcomes}
        listing = {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)} for path in files
        }
        write_json(folder / "manifest.json", {"runs": runs, "files": listing, "made": earlier.made})
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


def _drawn(path: str, block: dict[str, Any], earlier: Earlier, look: str) -> dict[str, str]:
    """A plot in every language; one of the site of before is taken from there, since drawing takes seconds."""
    return earlier.drawings(path, digest([block, look])) or draw_all(block)


@cache
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def rendered(template: str, context: dict[str, Any]) -> str:
    """A page as HTML; what is not marked as HTML is escaped, and nothing turns the direction of the text."""
    return quiet_direction(_templates().get_template(f"{template}.html.j2").render(context)) + "\n"


class _Site:
    """Pages of a new site; `characters` are those they use, to which the fonts are cut."""

    def __init__(
        self, folder: Path, pages: list[RunPage], grids: list[GridPage], outcomes: list[Outcome], earlier: Earlier, look: str,
        versions: dict[str, str],
    ) -> None:  # fmt: skip
        self.folder, self.pages, self.grids, self.outcomes = folder, pages, grids, outcomes
        self.earlier, self.look, self.versions = earlier, look, versions
        self.characters: set[str] = set()

    def write(self, language: str) -> None:
        """Write every page in a language."""
        root = "" if language == "en" else f"{language}/"
        for name in ("runs", "evidence", "cases"):
            (self.folder / root / name).mkdir(parents=True)
        uses = uses_of(self.pages, self.grids, curated(), language)
        for page in _run_pages(self.pages, self.grids, self.outcomes, language):
            made = digest([self.look, page.shaped])
            if not self._taken([root + page.path], made):
                self._page(root, page.path, page.template, page.context())
        made = digest([self.look, uses])
        if not self._taken([root + path for path in curated_paths(curated())], made):
            for path, template, context in curated_pages(curated(), language, uses):
                self._page(root, path, template, context)
        for path, template, context in self._overviews(language, uses):
            self._page(root, path, template, context)

    def _overviews(self, language: str, uses: Uses) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Pages about all runs, always made anew."""
        for grid in self.grids:
            yield from ((path, "grid", context) for path, context in grid_contexts(grid, language))
        yield reproduce_page(self.outcomes, self.versions, language)
        yield search_context(curated(), self.pages, self.grids, language)
        yield "index.html", "home", home_context(self.pages, self.outcomes, language, self.grids, curated(), uses)

    def _taken(self, paths: list[str], made: str) -> bool:
        """Whether every one of these pages could be taken from the site of before."""
        contents = [self.earlier.take(path, made, self.folder) for path in paths]
        whole = all(content is not None for content in contents)
        for path, content in zip(paths, contents, strict=True):
            if whole and content is not None:
                self.characters.update(content.decode("utf-8"))
            else:
                (self.folder / path).unlink(missing_ok=True)
        return whole

    def _page(self, root: str, path: str, template: str, context: dict[str, Any]) -> None:
        page = rendered(template, context)
        write_text(self.folder / root / path, page)
        self.characters.update(page)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a run: where it goes, all that shapes it beside the package, and its context when it must be made."""

    path: str
    template: str
    shaped: Any
    context: Callable[[], dict[str, Any]]


def _run_pages(pages: list[RunPage], grids: list[GridPage], outcomes: list[Outcome], language: str) -> Iterator[_Page]:
    single = [page.name for page in pages if page.outcome.spec.grid is None]
    row = [None, *(f"{name}.html" for name in single), None]
    beside = {name: (row[at], row[at + 2]) for at, name in enumerate(single)}
    beside |= {name: pair for grid in grids for name, pair in neighbours(grid).items()}
    for page in pages:
        outcome, near = page.outcome, beside.get(page.name, (None, None))
        spec, kept = outcome.spec, file_digest(outcome.entry / "notebook.ipynb") if outcome.entry else ""
        grid = [spec.grid.name, spec.grid.title] if spec.grid else None
        shaped = [kept, spec.title, spec.source, spec.parameters, grid, near, outcome.good]
        yield _Page(f"runs/{page.name}.html", "run", shaped, partial(run_context, page, language, near))
    for outcome in outcomes:
        if not outcome.good:
            name, near = outcome.spec.name, beside.get(outcome.spec.name, (None, None))
            failed = file_digest(outcome.failure / "notebook.ipynb") if outcome.failure else ""
            shaped = [failed, outcome.spec.title, outcome.spec.source, outcome.state, outcome.error, near]
            yield _Page(f"runs/{name}-error.html", "run", shaped, partial(error_context, outcome, language, near))


def _copy_outputs(folder: Path, pages: list[RunPage]) -> None:
    (folder / "notebooks").mkdir()
    for page in pages:
        entry = page.outcome.entry
        assert entry is not None
        shutil.copyfile(entry / "notebook.ipynb", folder / "notebooks" / f"{page.name}.ipynb")
        shutil.copytree(entry / "figures", folder / "figures" / page.name)
        shutil.copytree(entry / "data", folder / "data" / page.name)
        shutil.copyfile(entry / "results.json", folder / "data" / page.name / "results.json")


def _write_static(folder: Path, site: _Site, earlier: Earlier) -> None:
    """Style sheet, scripts and search index, and the shipped fonts cut down to the characters the site uses."""
    static = folder / "static"
    (static / "fonts").mkdir(parents=True)
    for file in sorted((Path(__file__).parent / "static").iterdir()):
        shutil.copyfile(file, static / file.name)
    write_text(static / "index.js", search_script(curated(), site.pages, site.grids))
    characters = {ord(sign) for sign in site.characters} | set(range(0x20, 0x7F))
    for weight in ("Regular", "Bold"):
        source, path = fonts() / f"NotoSansSC-{weight}.ttf", f"static/fonts/{weight.lower()}.woff"
        if earlier.take(path, digest([sorted(characters), file_digest(source), site.look]), folder) is None:
            _cut_font(source, characters, folder / path)
    shutil.copyfile(fonts() / "OFL.txt", static / "fonts" / "OFL.txt")


def _cut_font(source: Path, characters: set[int], target: Path) -> None:
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=["kern", "tnum"], hinting=False, recalc_timestamp=False)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def _write_results(folder: Path, pages: list[RunPage]) -> None:
    """Results and parameters of every run as one tidy table."""
    names = sorted({name for page in pages for name in page.outcome.spec.parameters})
    rows = []
    for page in pages:
        assert page.outcome.entry is not None
        kept = json.loads((page.outcome.entry / "results.json").read_text("utf-8"))
        given = {name: inert(str(kept["parameters"].get(name, ""))) for name in names}
        for row in kept["results"]:
            ends = {end: "" if row[end] is None else row[end] for end in ("low", "high")}
            rows.append(
                {
                    "run": page.name,
                    "grid": page.outcome.spec.grid.name if page.outcome.spec.grid else "",
                    **given,
                    "name": inert(row["name"]),
                    "value": row["value"],
                    **ends,
                    "unit": inert(row["unit"]),
                    "provenance": inert(row["provenance"]),
                }
            )
    write_text(folder / "results.csv", csv_text(rows))
