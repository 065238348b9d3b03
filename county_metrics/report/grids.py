"""Sweeps: one result drawn over every run of a grid, and a table that leads to each run, those without it too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from markupsafe import Markup

from county_metrics.pipeline.collect import csv_text
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.spec import Grid
from county_metrics.pipeline.store import write_json, write_text
from county_metrics.present.curve import axis, curve_block, curve_table, measured
from county_metrics.present.number import number
from county_metrics.present.tables import column, inert
from county_metrics.present.wording import join, markup, plain, say
from county_metrics.report.links import Target, settle

ROWS = 500
"""Rows of the table on one page; the others stand on further pages."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Runs whose result has one unit: the plot of them, and a table with a row for each in the same order."""

    unit: str
    plot: dict[str, Any]
    table: dict[str, Any]

    @property
    def runs(self) -> list[str]:
        """Names of the runs, by their value."""
        return [row["run"] for row in self.plot["data"]["rows"]]

    @property
    def slots(self) -> dict[str, Any]:
        """Count, lowest and highest value, as numbers."""
        return self.plot["caption"]["slots"]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class GridPage:
    """A sweep: its runs, what they gave by unit, which of them gave nothing and why, and where each is shown."""

    grid: Grid
    members: list[Outcome]
    axes: list[dict[str, Any]]
    curves: list[Curve]
    without: list[tuple[Outcome, Any]]
    recorded: list[str]
    addresses: dict[str, str]

    @property
    def good(self) -> int:
        """How many runs finished."""
        return sum(member.good for member in self.members)


def read_grids(outcomes: Iterable[Outcome], targets: Mapping[str, Mapping[str, str]]) -> list[GridPage]:
    """Sweeps among the runs.

    Parameters
    ----------
    outcomes : iterable of Outcome
    targets : mapping
        By run, the place on its page of each number that it shows.
    """
    members: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.spec.grid:
            members.setdefault(outcome.spec.stem, []).append(outcome)
    return [_read(found[0].spec.grid, found, targets) for found in members.values() if found[0].spec.grid]


def _read(grid: Grid, members: list[Outcome], targets: Mapping[str, Mapping[str, str]]) -> GridPage:
    units: dict[str, list[dict[str, Any]]] = {}
    recorded: dict[str, None] = {}
    without: list[tuple[Outcome, Any]] = []
    addresses = {}
    for member in members:
        name = member.spec.name
        place = targets.get(name, {}).get(f"result:{grid.curve}", "")
        addresses[name] = f"{name}.html{place}" if member.good else f"{name}-error.html"
        results = _results(member) if grid.curve else []
        recorded |= dict.fromkeys(row["name"] for row in results)
        row = next((row for row in results if row["name"] == grid.curve), None)
        if row is None or _finite(row["value"]) is None:
            without.append((member, _why(member, grid)))
        else:
            choices = {axis: str(value) for axis, value in member.spec.choice.items()}
            ends = {end: _finite(row[end]) for end in ("low", "high")}
            units.setdefault(row["unit"], []).append({"run": name, "value": row["value"], **ends, "choices": choices})
    axes = [axis(name, values) for name, values in grid.axes.items()]
    curves = [_curve(grid.curve, index, unit, axes, rows) for index, (unit, rows) in enumerate(units.items(), 1)]
    return GridPage(grid, members, axes, curves, without, sorted(recorded), addresses)


def _results(member: Outcome) -> list[dict[str, Any]]:
    if not member.good or member.entry is None:
        return []
    rows: list[dict[str, Any]] = json.loads((member.entry / "results.json").read_text("utf-8"))["results"]
    return rows


def _finite(value: str | None) -> str | None:
    """A number that can be drawn, as it was recorded; None for an open end and for what is no number."""
    try:
        return value if value is not None and Decimal(value).is_finite() else None
    except InvalidOperation:
        return None


def _why(member: Outcome, grid: Grid) -> dict[str, Any]:
    if not member.good:
        return say(f"state.{member.state}")
    return say("grid.no_number") if grid.curve else say("state.done")


def _curve(name: str, index: int, unit: str, axes: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Curve:
    label = measured(name, unit)
    parts: dict[str, Any] = {"title": label, "unit": label, "axes": axes, "rows": rows}
    parts["name"] = name if index == 1 else f"{name}_{index}"
    return Curve(unit, curve_block(**parts), curve_table(**parts))


def neighbours(page: GridPage) -> dict[str, tuple[str | None, str | None]]:
    """Pages before and after that of each run."""
    pages = [page.addresses[member.spec.name].partition("#")[0] for member in page.members]
    beside = zip([None, *pages[:-1]], [*pages[1:], None], strict=True)
    return dict(zip((member.spec.name for member in page.members), beside, strict=True))


def parts(page: GridPage, language: str) -> list[dict[str, Any]]:
    """What the pages of a sweep show: the first everything and the first rows of the table, each other one more rows."""
    columns = [(_shown(col["label"], language), col["numeric"]) for col in _columns(page)]
    rows = list(_rows(page, language))
    shared = {"title": page.grid.title[language], "columns": columns, "numbers": [], "curves": [], "intro": "", "notices": []}
    pieces = [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
    if len(pieces) > 1:
        shared["numbers"] = [_shown(number(place, ref="constant:page"), language) for place in range(1, len(pieces) + 1)]
    intro = say("grid.curve") if page.grid.curve else say("grid.plain", file=page.members[0].spec.source)
    first = {
        "intro": _shown(intro, language),
        "notices": [_linked(text, language, lambda ref: "#runs") for text in _notices(page)],
        "curves": [_shown_curve(curve, page, language) for curve in page.curves],
    }
    return [shared | {"rows": piece, "part": place} | (first if not place else {}) for place, piece in enumerate(pieces)]


def _linked(node: Any, language: str, target: Target) -> Markup:
    return Markup(settle(markup(node, language), target))


def _columns(page: GridPage) -> list[dict[str, Any]]:
    run, unit = column("run", say("results.run")), column("unit", say("results.unit"))
    if not page.curves:
        return [run, *(column(item["name"], item["label"]) for item in page.axes), column("state", say("results.state"))]
    *choices, value, bounds = page.curves[0].table["columns"]
    if len(page.curves) == 1:
        return [run, *choices, value, bounds]
    return [run, *choices, column("value", say("results.value"), numeric=True), bounds, unit]


def _rows(page: GridPage, language: str) -> Iterator[list[Markup]]:
    """Cells of every run: first those without a result, then by value."""
    labels = {item["name"]: {value["id"]: value["label"] for value in item["values"]} for item in page.axes}
    width = len(_columns(page))
    for member, why in page.without:
        name, chosen = member.spec.name, member.spec.choice.items()
        choices = [_linked(labels[axis][str(value)], language, _to_parameters(name, page)) for axis, value in chosen]
        cells = [_run(name, page), *choices, _link(page.addresses[name], _shown(why, language))]
        yield cells + [Markup("")] * (width - len(cells))
    for curve in page.curves:
        unit = [_shown(curve.plot["data"]["unit"]["slots"]["unit"], language)] if len(page.curves) > 1 else []
        for name, row in zip(curve.runs, curve.table["rows"], strict=True):
            choices = [_linked(cell, language, _to_parameters(name, page)) for cell in row[:-2]]
            value, place = _link(page.addresses[name], _shown(row[-2], language), "cm-ref"), page.addresses[name]
            bounds = _linked(row[-1], language, lambda ref, place=place: place)  # type: ignore[misc]
            yield [_run(name, page), *choices, value, bounds, *unit]


def _to_parameters(name: str, page: GridPage) -> Target:
    address = page.addresses[name].partition("#")[0]
    return lambda ref: f"{address}#parameters"


def _run(name: str, page: GridPage) -> Markup:
    number = Markup("<code>{}</code>").format(name.removeprefix(f"{page.grid.name}."))
    return _link(page.addresses[name].partition("#")[0], number)


def _shown(node: Any, language: str) -> Markup:
    return Markup(markup(node, language))


def _link(address: str, text: str, kind: str = "") -> Markup:
    return Markup('<a{} href="{}">{}</a>').format(Markup(f' class="{kind}"' if kind else ""), address, text)


def _counts(page: GridPage) -> dict[str, Any]:
    return {"good": number(page.good, ref="result:finished"), "count": number(len(page.members), ref="result:runs")}


def finished(page: GridPage, language: str) -> Markup:
    """How many of the runs finished."""
    return _linked(say("grid.finished", **_counts(page)), language, lambda ref: f"runs/{_table(page)}")


def _notices(page: GridPage) -> list[dict[str, Any]]:
    """What a reader must know of the runs before reading the curve."""
    name, silent = page.grid.curve, sum(member.good for member, _ in page.without)
    notices = [say("grid.unfinished", **_counts(page))] if page.good < len(page.members) else []
    if name and silent and page.curves:
        notices.append(say("grid.some_without", count=number(silent, ref="result:without"), name=name))
    elif name and silent:
        notices.append(say("grid.unknown", name=name, recorded=join(list(page.recorded), ", "), file=page.members[0].spec.source))
    return notices + ([say("grid.units")] if len(page.curves) > 1 else [])


def _shown_curve(curve: Curve, page: GridPage, language: str) -> dict[str, Any]:
    values, runs = [row[-2] for row in curve.table["rows"]], curve.runs
    middle = len(values) // 2
    median, place = values[middle], page.addresses[runs[middle]]
    if len(values) % 2 == 0:
        mean = (Decimal(values[middle - 1]["number"]) + Decimal(median["number"])) / 2
        median, place = median | {"number": str(mean), "ref": f"result:{page.grid.curve}_median"}, _table(page)
    targets = _targets(curve, page)
    ends = {end: curve.slots[end] for end in ("count", "lowest", "highest")}
    return {
        "measure": _shown(curve.plot["data"]["unit"], language),
        "image": f"figures/{page.grid.name}/{curve.plot['name']}.{language}.svg",
        "alt": plain(curve.plot["alt"], language),
        "caption": _linked(curve.plot["caption"], language, targets.get),
        "median": _link(place, _shown(median, language), "cm-ref"),
        **{end: _linked(node, language, targets.get) for end, node in ends.items()},
    }


def _table(page: GridPage) -> str:
    return f"{page.grid.name}.html#runs"


def _targets(curve: Curve, page: GridPage) -> dict[str, str]:
    """Where the numbers of a curve's caption come from."""
    places = {"count": _table(page), "lowest": page.addresses[curve.runs[0]], "highest": page.addresses[curve.runs[-1]]}
    return {curve.slots[end]["ref"]: place for end, place in places.items()}


def overview(page: GridPage, language: str) -> dict[str, Any]:
    """What the overview shows of a sweep: title, range of each curve with the number of runs, the first curve small."""
    lines = []
    for curve in page.curves:
        slots = {end: curve.slots[end] for end in ("count", "lowest", "highest")}
        places = {ref: f"runs/{place}" for ref, place in _targets(curve, page).items()}
        lines.append(_linked(say("grid.range", measure=curve.plot["data"]["unit"], **slots), language, places.get))
    if page.good < len(page.members) or not lines:
        lines.append(finished(page, language))
    plot = page.curves[0].plot if page.curves else None
    return {
        "title": page.grid.title[language],
        "url": f"runs/{page.grid.name}.html",
        "lines": lines,
        "image": f"figures/{page.grid.name}/{plot['name']}.{language}.svg" if plot else None,
        "alt": plain(plot["alt"], language) if plot else "",
    }


def tidy(page: GridPage) -> str:
    """Every run as CSV, in the order of their names: choices, state, and the result in full."""
    found = {row["run"]: row | {"unit": curve.unit} for curve in page.curves for row in curve.plot["data"]["rows"]}
    fields = "value low high unit".split() if page.grid.curve else []
    rows = []
    for member in page.members:
        row = found.get(member.spec.name, {})
        state = "done" if member.good else member.state
        given = {field: "" if row.get(field) is None else row[field] for field in fields}
        choice = {axis: inert(str(value)) for axis, value in member.spec.choice.items()}
        rows.append({"run": member.spec.name, **choice, "state": state, **given})
    return csv_text(rows)


def write_grid(page: GridPage, folder: Path, draw: Callable[[str, dict[str, Any]], dict[str, str]]) -> None:
    """Write the table and the curves of a sweep, and the data behind them, below the site's folder.

    Parameters
    ----------
    page : GridPage
    folder : Path
    draw : callable
        Given a plot's path without its ending and its block, gives it as SVG by language.
    """
    data, figures = folder / "data" / page.grid.name, folder / "figures" / page.grid.name
    for made in (data, figures):
        made.mkdir(parents=True)
    write_text(data / "runs.csv", tidy(page))
    for curve in page.curves:
        name = curve.plot["name"]
        write_json(figures / f"{name}.json", curve.plot["data"])
        for language, image in draw(f"figures/{page.grid.name}/{name}", curve.plot).items():
            write_text(figures / f"{name}.{language}.svg", image)
