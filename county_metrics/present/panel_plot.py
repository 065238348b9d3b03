"""Plots of panels: effects by time from the start, mean paths of groups, a unit beside its synthetic control."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from county_metrics.present import payload
from county_metrics.present.wording import both, plain, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _QUIET, _GRID = "#1f2933", "#697586", "#d5dbe3"
_TICKS = 8


def line(label: Any, points: Sequence[tuple[float, float]], *, quiet: bool = False) -> dict[str, Any]:
    """One path: label and (position, value) points; quiet ones are drawn thin, grey and unlabelled."""
    return {"label": label, "points": [[float(x), float(y)] for x, y in points], "quiet": quiet}


def paths_block(
    kind: str, name: str, what: str, unit: str, lines: list[dict[str, Any]], ticks: list[tuple[float, str]], start: float, *,
    simulated: bool,
) -> dict[str, Any]:  # fmt: skip
    """Plot block of paths over periods.

    Parameters
    ----------
    kind : {"paths", "gap"}
        Levels; or what lies between a unit and its synthetic control, around 0.
    name, what, unit : str
        Name of the plot; column that is drawn; its unit ("" if not known).
    lines : list
        From `line`.
    ticks : list of (position, label)
    start : float
        Position of the first treated period.
    """
    slots = {"what": both(what, what)}
    data = {
        "unit": both(f"{what} ({unit})", f"{what}（{unit}）") if unit else both(what, what),
        "lines": lines,
        "ticks": [[float(place), label] for place, label in ticks],
        "start": float(start),
        "simulated": simulated,
    }
    return payload.plot(kind, name, say(f"panel_plot.{kind}_caption", **slots), say(f"panel_plot.{kind}_alt", **slots), data)


def event_block(name: str, what: str, unit: str, rows: list[dict[str, Any]], *, simulated: bool) -> dict[str, Any]:
    """Plot block of effects by time from the start.

    Parameters
    ----------
    name, what, unit : see `paths_block`
    rows : list of dict
        ``event`` (int), ``value``, ``low``, ``high`` (None where withheld), ``reference`` (bool).
    """
    slots = {"what": both(what, what)}
    data = {"unit": both(unit or what, unit or what), "rows": rows, "simulated": simulated}
    return payload.plot("event_study", name, say("panel_plot.event_caption", **slots), say("panel_plot.event_alt", **slots), data)


def paint_events(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw effects by time from the start, leads hollow, the reference named."""
    axes, colour = figure.subplots(), _colour(0)
    rows = data["rows"]
    bars = [row for row in rows if row["low"] is not None]
    axes.vlines(
        [row["event"] for row in bars], [row["low"] for row in bars], [row["high"] for row in bars], color=colour, linewidth=2,
        alpha=0.45,
    )  # fmt: skip
    size = 6.5 if len(rows) < 40 else 3
    for after, face in ((True, colour), (False, "white")):
        shown = [row for row in rows if (row["event"] >= 0) is after]
        axes.plot(
            [row["event"] for row in shown], [row["value"] for row in shown], "o", color=colour, markerfacecolor=face,
            markersize=size, zorder=3,
        )  # fmt: skip
    for row in rows:
        if row["reference"]:
            axes.annotate(
                plain(say("panel_plot.reference"), language), (row["event"], 0), xytext=(0, -9), textcoords="offset points",
                ha="center", va="top", fontsize=8, color=_QUIET,
            )  # fmt: skip
    axes.axhline(0, color=_QUIET, linewidth=1, zorder=1)
    axes.axvline(-0.5, color=_INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.margins(y=0.15)
    axes.set_xlabel(plain(say("panel_plot.event_axis"), language))
    _finish(axes, data, language)


def paint_paths(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw paths over periods, named at their ends, with the start of treatment."""
    axes = figure.subplots()
    named = [item for item in data["lines"] if not item["quiet"]]
    for item in data["lines"]:
        if item["quiet"]:
            axes.plot(*zip(*item["points"], strict=True), color=_QUIET, linewidth=0.7, alpha=0.4, zorder=1)
    for place, item in enumerate(named):
        axes.plot(
            *zip(*item["points"], strict=True), color=_colour(place), linewidth=2.2, zorder=3,
            linestyle="-" if place == 0 else (0, (5, 2)),
        )  # fmt: skip
    low, high = axes.get_ylim()
    _name_ends(axes, named, (high - low) * 0.08, language)
    axes.axvline(data["start"] - 0.5, color=_INK, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        plain(say("panel_plot.start"), language), (data["start"] - 0.5, 1), xycoords=("data", "axes fraction"), xytext=(-4, -2),
        textcoords="offset points", ha="right", va="top", fontsize=8.5, color=_QUIET,
    )  # fmt: skip
    ticks = data["ticks"][:: -(-len(data["ticks"]) // _TICKS)]
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
    _finish(axes, data, language)


def paint_gap(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw a gap around 0; quiet lines are the gaps of donors as placebos."""
    paint_paths(figure, data, language)
    figure.axes[0].axhline(0, color=_QUIET, linewidth=1, zorder=1)


def _name_ends(axes: Axes, named: list[dict[str, Any]], room: float, language: str) -> None:
    """Labels at the ends of lines, pushed apart where they would meet."""
    last = -float("inf")
    for place, item in sorted(enumerate(named), key=lambda pair: pair[1]["points"][-1][1]):
        x, y = item["points"][-1]
        last = max(y, last + room)
        axes.annotate(
            plain(item["label"], language), (x, last), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9.5,
            color=_colour(place), annotation_clip=False,
        )  # fmt: skip


def _finish(axes: Axes, data: dict[str, Any], language: str) -> None:
    axes.set_ylabel(plain(data["unit"], language))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    if data["simulated"]:
        axes.set_title(plain(say("panel_plot.simulated"), language), loc="right", fontsize=9, color=_QUIET)


def _colour(place: int) -> Any:
    import seaborn

    return seaborn.color_palette("colorblind")[(0, 1, 2, 4)[place % 4]]


PAINTERS = {"event_study": paint_events, "paths": paint_paths, "gap": paint_gap}
