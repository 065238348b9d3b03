"""The site in one step: pages, figures, data and fonts in a new folder, then one swap of a link."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from county_metrics.paths import PACKAGE, fonts
from county_metrics.pipeline.collect import csv_text
from county_metrics.pipeline.key import digest, file_digest
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.store import Store, point, write_json, write_text
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.pages import RunPage, error_context, home_context, read_run, run_context


def site_key(outcomes: list[Outcome], environment: str) -> str:
    """Key of a site: its runs and their states, titles, and every file of this package that shapes a page."""
    shaping = [
        path for folder in ("present", "report", "pipeline") for path in sorted((PACKAGE / folder).rglob("*")) if path.is_file()
    ]
    own = {path.relative_to(PACKAGE).as_posix(): file_digest(path) for path in shaping if path.suffix not in (".pyc", ".ttf")}
    runs = [
        [o.spec.name, o.spec.title, o.spec.source, "good" if o.good else [o.state, o.error], o.entry.name if o.entry else None]
        for o in outcomes
    ]
    return digest({"runs": runs, "own": own, "environment": environment})


def is_current(store: Store, key: str) -> bool:
    """Whether ``build/report`` shows the site of this key with every file at its size."""
    shown = store.build / "report"
    try:
        listing = json.loads((shown / "manifest.json").read_text("utf-8"))["files"]
        whole = all((shown / name).stat().st_size == entry["bytes"] for name, entry in listing.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return whole and shown.resolve() == (store.build / "sites" / key).resolve()


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
        text = _write_pages(folder, pages, outcomes)
        _copy_outputs(folder, pages)
        _write_static(folder, text)
        _write_results(folder, pages)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        runs = {o.spec.name: {"state": "done" if o.good else o.state, "key": o.entry.name if o.entry else None} for o in outcomes}
        listing = {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)} for path in files
        }
        write_json(folder / "manifest.json", {"runs": runs, "files": listing})
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


def _write_pages(folder: Path, pages: list[RunPage], outcomes: list[Outcome]) -> str:
    """Write every page in both languages; returns all their text, from which the fonts are cut."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    everything = []
    for language in LANGUAGES:
        root = folder if language == "en" else folder / language
        (root / "runs").mkdir(parents=True)
        contexts: list[tuple[str, str, dict[str, Any]]] = [("index.html", "home", home_context(pages, outcomes, language))]
        contexts += [(f"runs/{page.name}.html", "run", run_context(page, language)) for page in pages]
        contexts += [(f"runs/{o.spec.name}-error.html", "run", error_context(o, language)) for o in outcomes if not o.good]
        for path, template, context in contexts:
            _trust(context, Markup)
            html = environment.get_template(f"{template}.html.j2").render(context)
            write_text(root / path, html + "\n")
            everything.append(html)
    return "".join(everything)


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


def _write_static(folder: Path, text: str) -> None:
    """Style sheet, and the shipped fonts cut down to the characters the site uses."""
    from fontTools import subset

    static = folder / "static"
    (static / "fonts").mkdir(parents=True)
    shutil.copyfile(Path(__file__).parent / "static" / "site.css", static / "site.css")
    characters = set(map(ord, text)) | set(range(0x20, 0x7F))
    for weight in ("Regular", "Bold"):
        options = subset.Options(flavor="woff2", layout_features=["kern", "tnum"], hinting=False, recalc_timestamp=False)
        font = subset.load_font(str(fonts() / f"NotoSansSC-{weight}.ttf"), options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=characters)
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
                    **given,
                    "name": row["name"],
                    "value": row["value"],
                    **ends,
                    "unit": row["unit"],
                    "provenance": row["provenance"],
                }
            )
    write_text(folder / "results.csv", csv_text(rows))
