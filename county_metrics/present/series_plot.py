"""Plot of a series around a start: points, fit, continued trend, comparison series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from county_metrics.present import payload
from county_metrics.present.wording import both, plain, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _QUIET, _GRID = "#1f2933", "#697586", "#d5dbe3"
_TICKS = 7


def series_block(
    name: str, outcome: str, periods: Sequence[str], lines: Mapping[str, Sequence[float]], start: int, *, end: int | None = None,
    simulated: bool = False, controls: Sequence[tuple[Any, Sequence[float]]] = (), unit: str = "", limits: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Plot block of a series.

    Parameters
    ----------
    name : str
        Name of the result.
    outcome, unit : str
        What is measured, in the reader's words, and in what.
    periods : sequence of str
        Labels in order.
    lines : mapping
        ``observed``, and ``fitted`` and ``counterfactual`` if there are; one value a period, NaN for none.
    start : int
        Place of the first period after the start; the number of periods where nothing starts.
    end : int, optional
        Place of the first period after the phase-in, where there is one.
    controls : sequence of tuple
        Label and values of each further line: comparison series, or limits.
    limits : bool
        Whether the fit is a mean and the further lines are its limits.
    """
    data = {
        "outcome": both(*(f"{outcome} ({unit})" if unit else outcome,) * 2),
        "periods": list(periods),
        "start": start,
        "end": start if end is None else end,
        "lines": {key: _plain(values) for key, values in lines.items()},
        "controls": [{"label": label, "values": _plain(values)} for label, values in controls],
        "stamp": [say("series_plot.simulated")] if simulated else [],
    }
    slots = {"outcome": both(outcome, outcome)} | ({} if limits else {"start": periods[start]})
    kind = "limits" if limits else "with" if "counterfactual" in lines else "without"
    stamp = say("series_plot.simulated") if simulated else ""
    caption = say(f"series_plot.caption_{kind}", stamp=stamp, **slots)
    return payload.plot("series", f"{name}_series", caption, say(f"series_plot.alt_{kind}", **slots), data)


def _plain(values: Sequence[float]) -> list[str | None]:
    return [f"{float(value):.12g}" if math.isfinite(value) else None for value in values]


def _floats(values: Sequence[str | None]) -> list[float]:
    return [math.nan if value is None else float(value) for value in values]


def paint(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw the series."""
    import seaborn

    axes = figure.subplots()
    colours = seaborn.color_palette("colorblind")
    n, start = len(data["periods"]), data["start"]
    if start < n:
        axes.axvspan(start - 0.5, n - 0.5, color=_GRID, alpha=0.35, linewidth=0)
        axes.axvline(start - 0.5, color=_INK, linewidth=1.1)
    for control in data["controls"]:
        axes.plot(range(n), _floats(control["values"]), color="#9aa5b1", linewidth=1.1, zorder=1)
    lines = {key: _floats(values) for key, values in data["lines"].items()}
    axes.plot(range(n), lines["observed"], "o", color=colours[0], markersize=max(2.2, min(5.5, 260 / n)), alpha=0.75, zorder=3)
    if "fitted" in lines:
        for first, last in ((0, start), (data["end"], n)):
            axes.plot(range(first, last), lines["fitted"][first:last], color=colours[0], linewidth=2, zorder=2)
    if "counterfactual" in lines:
        axes.plot(range(n), lines["counterfactual"], color=colours[3], linewidth=1.6, linestyle=(0, (5, 3)), zorder=2)
        name, other = plain(say("series_plot.counterfactual"), language), lines.get("fitted", lines["observed"])
        _line_label(axes, lines["counterfactual"], other, name, colours[3])
    for control in data["controls"][:3]:
        _line_label(axes, _floats(control["values"])[:start], lines["observed"], plain(control["label"], language), _QUIET)
    _frame(axes, data, language)


def _line_label(axes: Axes, line: list[float], other: list[float], text: str, colour: Any) -> None:
    """Name a line on itself, at its end on the side away from the other one."""
    ends = [(place, value) for place, value in enumerate(line) if math.isfinite(value)]
    if not ends:
        return
    x, y = ends[-1]
    beside = [value for value in line[max(x - len(line) // 4, 0) : x + 1] if math.isfinite(value)]
    above = not math.isfinite(other[x]) or y >= other[x]
    spot, offset, side = ((x, max(beside)), 5, "bottom") if above else ((x, min(beside)), -5, "top")
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    axes.annotate(text, spot, xytext=(0, offset), textcoords="offset points", ha="right", va=side, fontsize=9, color=colour,
                  bbox=box, zorder=5)  # fmt: skip


def _frame(axes: Axes, data: dict[str, Any], language: str) -> None:
    n, every = len(data["periods"]), -(-len(data["periods"]) // _TICKS)
    ticks = list(range(data["start"] % every, n, every))
    axes.set_xticks(ticks, [data["periods"][tick] for tick in ticks], fontsize=8.5)
    axes.set_ylabel(plain(data["outcome"], language))
    axes.margins(y=0.12)
    late = data["start"] > 0.75 * n
    side, offset = ("right", (-4, -4)) if late else ("left", (4, -4))
    if data["start"] < n:
        axes.annotate(plain(say("series_plot.start"), language), (data["start"] - 0.5, 1), xycoords=("data", "axes fraction"),
                      xytext=offset, textcoords="offset points", ha=side, va="top", fontsize=8.5)  # fmt: skip
    for stamp in data["stamp"]:
        axes.text(0.5, 0.5, plain(stamp, language), transform=axes.transAxes, fontsize=30, color=_QUIET, alpha=0.18, rotation=18,
                  ha="center", va="center")  # fmt: skip
    axes.set_xlim(-0.7, n - 0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GRID)
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
