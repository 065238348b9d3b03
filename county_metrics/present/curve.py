"""Specification curve: one result under every defensible set of choices, as a plot and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from county_metrics.present import payload
from county_metrics.present.number import format_number, number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, message, plain, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROWS = 12
_DENSE = 5.0
_HEAD = 1.4
_INK, _QUIET, _GRID = "#1f2933", "#697586", "#d5dbe3"


def axis(name: str, values: Iterable[Any]) -> dict[str, Any]:
    """Axis of choices: a parameter and its values; one that the catalogue has no words for is shown by its id."""
    label = say(f"axis.{name}") if message(f"axis.{name}") else both(name, name)
    return {"name": name, "label": label, "values": [{"id": str(value), "label": _choice(name, value)} for value in values]}


def _choice(name: str, value: Any) -> dict[str, Any]:
    if message(f"choice.{name}_{value}"):
        return say(f"choice.{name}_{value}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, ref=f"param:{name}")
    return both(str(value), str(value))


def measured(name: str, unit: str) -> dict[str, Any]:
    """Label of a result with its unit; ids stand where the catalogue has no words."""
    measure = say(f"measure.{name}") if message(f"measure.{name}") else both(name, name)
    return say("curve.unit", measure=measure, unit=say(f"unit.{unit}") if message(f"unit.{unit}") else both(unit, unit))


def ranked(axes: Sequence[dict[str, Any]], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in order of their value; equal ones in the order of their choices.

    Parameters
    ----------
    axes : sequence of dict
        From `axis`.
    rows : iterable of dict
        ``value``, ``low`` and ``high`` as decimal text (None for an open end), ``choices`` by name of axis.
    """
    order = {item["name"]: {value["id"]: place for place, value in enumerate(item["values"])} for item in axes}
    return sorted(rows, key=lambda row: (Decimal(row["value"]), [order[name][row["choices"][name]] for name in order]))


def curve_block(
    name: str, title: Any, unit: Any, axes: Sequence[dict[str, Any]], rows: Iterable[dict[str, Any]], *, simulated: bool = False
) -> dict[str, Any]:
    """Plot block of a specification curve.

    Parameters
    ----------
    name : str
        Name of the result that is drawn.
    title, unit : payload text
        What the curve is about; the one unit of all its values, say from `measured`.
    axes, rows : see `ranked`; at least one row
    simulated : bool
        Whether the data are, which the plot then says.
    """
    found = ranked(axes, rows)
    slots = {"title": title} | _range(name, found)
    data = {"unit": unit, "rows": found, "axes": list(axes)} | ({"simulated": True} if simulated else {})
    return payload.plot("curve", f"{name}_curve", say("curve.caption", **slots), say("curve.alt", **slots), data)


def curve_table(
    name: str, title: Any, unit: Any, axes: Sequence[dict[str, Any]], rows: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Table block of the same rows in the same order: choices, value, bounds; parameters as for `curve_block`."""
    found = ranked(axes, rows)
    labels = {item["name"]: {value["id"]: value["label"] for value in item["values"]} for item in axes}
    columns = [column(item["name"], item["label"]) for item in axes]
    columns += [column("value", unit, numeric=True), column("bounds", say("results.bounds"), numeric=True)]
    places, cells = _places(found), []
    for row in found:
        ref = "_".join([name, *(row["choices"][item["name"]] for item in axes)])
        low, high = (
            say("number.open") if row[end] is None else _result(f"{ref}_{end}", row[end], places) for end in ("low", "high")
        )
        choices = [labels[item["name"]][row["choices"][item["name"]]] for item in axes]
        cells.append([*choices, _result(ref, row["value"], places), say("number.bracket", low=low, high=high)])
    note = say("curve.note", **_range(name, found))
    return payload.table(f"{name}_specifications", say("curve.table", title=title), columns, cells, [note])


def _result(name: str, value: str, places: int) -> dict[str, Any]:
    return number(value, ref=f"result:{name}", places=places, signed=True)


def _range(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    places = _places(found)
    ends = {"lowest": found[0]["value"], "highest": found[-1]["value"]}
    shown = {end: _result(f"{name}_{end}", value, places) for end, value in ends.items()}
    return shown | {"count": number(len(found), ref="result:specifications")}


def _places(found: list[dict[str, Any]]) -> int:
    """Decimal places that give the largest value three digits."""
    largest = max(abs(Decimal(row["value"])) for row in found)
    return min(max(2 - largest.adjusted(), 0), 12) if largest else 0


def paint(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw the curve: every value with its bounds above, the choices that made it below."""
    rows = ranked(data["axes"], data["rows"])
    below = 0.19 * sum(min(len(item["values"]), _ROWS) + _HEAD for item in data["axes"])
    figure.set_size_inches(6.8, 2.9 + below)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, below])
    slot = 330 / len(rows)
    _draw_values(upper, rows, slot)
    _draw_choices(lower, data["axes"], rows, slot, language)
    upper.set_ylabel(plain(data["unit"], language))
    if data.get("simulated"):
        upper.set_title(plain(say("panel_plot.simulated"), language), loc="right", fontsize=9, color=_QUIET)
    lower.set_xlabel(plain(say("curve.count", count=number(len(rows), ref="result:specifications")), language), fontsize=9)
    upper.set_xlim(-0.8, len(rows) - 0.2)


def _draw_values(axes: Axes, rows: list[dict[str, Any]], slot: float) -> None:
    import seaborn

    colour = seaborn.color_palette("colorblind")[0]
    values = [float(row["value"]) for row in rows]
    bars = [(x, float(row["low"]), float(row["high"])) for x, row in enumerate(rows) if None not in (row["low"], row["high"])]
    _segments(axes, [((x, low), (x, high)) for x, low, high in bars], colour, min(max(0.7 * slot, 0.4), 9), alpha=0.4)
    if slot < _DENSE:
        _segments(axes, [((x - 0.5, y), (x + 0.5, y)) for x, y in enumerate(values)], colour, 1.6)
    else:
        axes.plot(range(len(values)), values, "o", color=colour, markersize=min(0.5 * slot, 5))
    _draw_ends(axes, rows, slot)
    axes.margins(y=0.16)
    low, high = axes.get_ylim()
    if low < 0 < high:
        axes.axhline(0, color=_QUIET, linewidth=1, zorder=1)
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)


def _draw_ends(axes: Axes, rows: list[dict[str, Any]], slot: float) -> None:
    """Write the lowest and the highest value, clear of the bars beside them."""
    near = max(round(30 / slot), 1)
    lowest = min(float(row[end] or row["value"]) for row in rows[:near] for end in ("low", "value"))
    highest = max(float(row[end] or row["value"]) for row in rows[-near:] for end in ("high", "value"))
    aside, places = 4 - min(slot, 12), _places(rows)
    for x, y, row, offset, side, base in (
        (0, lowest, rows[0], (aside, -6), "left", "top"),
        (len(rows) - 1, highest, rows[-1], (-aside, 6), "right", "bottom"),
    ):
        shown = format_number(row["value"], places, True)
        axes.annotate(shown, (x, y), xytext=offset, textcoords="offset points", ha=side, va=base, fontsize=9)


def _draw_choices(axes: Axes, choices: Sequence[dict[str, Any]], rows: list[dict[str, Any]], slot: float, language: str) -> None:
    """One group of lines an axis, one line a value; an axis of many values keeps its room and names only some."""
    top, heads, ticks = 0.0, [], []
    for item in choices:
        values = item["values"]
        room, every = min(len(values), _ROWS), -(-len(values) // _ROWS)
        heads.append((top, plain(item["label"], language)))
        gap = (room - 1) / max(len(values) - 1, 1)
        heights = {value["id"]: top + 1.1 + gap * place for place, value in enumerate(values)}
        ticks += [(heights[value["id"]], plain(value["label"], language)) for value in values[::every]]
        _draw_marks(axes, [heights[row["choices"][item["name"]]] for row in rows], slot)
        top += room + _HEAD
    for height, _ in ticks:
        axes.axhline(height, color=_GRID, linewidth=0.6, zorder=0)
    named = sorted(heads + ticks)
    axes.set_yticks([height for height, _ in named], [text for _, text in named], fontsize=8.5)
    for label, tick in zip(axes.get_yticklabels(), named, strict=True):
        label.set(fontweight="bold" if tick in heads else "normal", color=_INK if tick in heads else _QUIET)
    axes.set_ylim(top - 0.5, -0.6)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)


def _draw_marks(axes: Axes, heights: list[float], slot: float) -> None:
    if slot < _DENSE:
        _segments(axes, [((x, y - 0.3), (x, y + 0.3)) for x, y in enumerate(heights)], _INK, max(0.7 * slot, 0.3))
    else:
        axes.plot(range(len(heights)), heights, "o", color=_INK, markersize=min(0.5 * slot, 5))


def _segments(axes: Axes, segments: Iterable[tuple[tuple[float, float], ...]], colour: Any, width: float, **style: Any) -> None:
    """Many short lines as one path, which keeps the file small."""
    gap = (float("nan"), float("nan"))
    points = [point for segment in segments for point in (*segment, gap)]
    if points:
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="butt", **style)
