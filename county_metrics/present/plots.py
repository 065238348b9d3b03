"""Plots from plot blocks: seaborn on matplotlib, Chinese text from the shipped font, the same bytes every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from county_metrics.errors import unknown_id
from county_metrics.paths import fonts
from county_metrics.present import curve, panel_plot, records_plot, series_plot
from county_metrics.present.number import format_number
from county_metrics.present.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAMILY = "Noto Sans SC"
_INK, _QUIET = "#1f2933", "#697586"


class MissingGlyphWarning(UserWarning):
    """A character that no shipped font can draw; the text names it."""


@cache
def _settings() -> dict[str, Any]:
    from matplotlib import font_manager

    for file in sorted(fonts().glob("*.ttf")):
        font_manager.fontManager.addfont(str(file))
    return {
        "font.family": [FAMILY, "DejaVu Sans"],
        "svg.fonttype": "path",
        "svg.hashsalt": "county_metrics",
        "axes.unicode_minus": True,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _QUIET,
    }


@contextmanager
def _own_settings() -> Iterator[None]:
    """Nothing that a notebook or a reader's own matplotlib settings changed reaches a figure."""
    import matplotlib
    import seaborn

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast(Any, seaborn.axes_style("white") | _settings()))
        yield


@cache
def _drawable() -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    files = [str(file) for file in sorted(fonts().glob("*Regular.ttf"))] + [font_manager.findfont("DejaVu Sans")]
    return frozenset(code for file in files for code in FT2Font(file).get_charmap())


def missing_glyphs(text: str) -> list[str]:
    """Characters of a text that the shipped fonts cannot draw.

    Examples
    --------
    >>> missing_glyphs("嘉善 230 → 86")
    []
    """
    return sorted({sign for sign in text if ord(sign) not in _drawable() and sign.isprintable()})


def draw(block: dict[str, Any], language: str) -> Figure:
    """Figure of a plot block.

    Raises
    ------
    UnknownIdError
        If there is no plot of that kind.
    """
    from matplotlib.figure import Figure

    painters = {"slope": _slope, "intervals": _intervals, "multiples": _multiples, "curve": curve.paint}
    painters |= {"series": series_plot.paint} | panel_plot.PAINTERS | records_plot.PAINTERS
    if block["kind"] not in painters:
        raise unknown_id("plot", block["kind"], list(painters))
    with _own_settings():
        figure = Figure(figsize=(6.8, 3.6), layout="constrained")
        painters[block["kind"]](figure, block["data"], language)
    for sign in missing_glyphs("".join(_texts(block["data"], language))):
        warnings.warn(f"no shipped font can draw '{sign}' (U+{ord(sign):04X})", MissingGlyphWarning, stacklevel=2)
    return figure


def _texts(node: Any, language: str) -> list[str]:
    if isinstance(node, dict):
        if {"en", "say", "join", "number"} & set(node):
            return [plain(node, language)]
        return [text for value in node.values() for text in _texts(value, language)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value, language)]
    return [node] if isinstance(node, str) else []


def svg(block: dict[str, Any], language: str) -> bytes:
    """A plot block as SVG; the same block gives the same bytes."""
    figure = draw(block, language)
    buffer = io.BytesIO()
    with _own_settings():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return buffer.getvalue()


def _palette() -> list[Any]:
    import seaborn

    return list(seaborn.color_palette("colorblind"))


def _slope(figure: Figure, data: dict[str, Any], language: str) -> None:
    _draw_slope(figure.subplots(), data, language)


def _multiples(figure: Figure, data: dict[str, Any], language: str) -> None:
    """One panel a pair, each in its own unit and on its own scale."""
    panels = data["panels"]
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure.set_size_inches(7.2, 3.4 * rows)
    for axes, panel in zip(figure.subplots(rows, columns, squeeze=False).flat, panels, strict=False):
        _draw_slope(axes, panel, language, small=True)
        axes.set_title(plain(panel["title"], language), fontsize=9, loc="left")
    for axes in list(figure.axes)[len(panels) :]:
        axes.remove()


def _draw_slope(axes: Axes, data: dict[str, Any], language: str, *, small: bool = False) -> None:
    colour = _palette()[0]
    ends = [data["before"], data["after"]]
    values = [float(end["value"]) for end in ends]
    low = [value - float(end["low"]) for value, end in zip(values, ends, strict=True)]
    high = [float(end["high"]) - value for value, end in zip(values, ends, strict=True)]
    axes.plot([0, 1], values, color=colour, linewidth=2.2, solid_capstyle="round", zorder=2)
    axes.errorbar([0, 1], values, yerr=[low, high], fmt="o", color=colour, markersize=8, capsize=5, zorder=3)
    for x, end, value in zip((0, 1), ends, values, strict=True):
        shown = format_number(end["value"], None, False) + plain(data["unit_suffix"], language)
        axes.annotate(
            shown, (x, value), xytext=(-14 if x == 0 else 14, 0), textcoords="offset points", ha="right" if x == 0 else "left",
            va="center", fontsize=10 if small else 13, fontweight="bold",
        )  # fmt: skip
    middle = sum(values) / 2
    axes.annotate(
        plain(data["change"], language), (0.5, middle), xytext=(0, 12), textcoords="offset points", ha="center", va="bottom",
        fontsize=11, color=colour,
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip
    axes.set_xticks([0, 1], [plain(end["label"], language) for end in ends], fontsize=7 if small else 10)
    axes.set_xlim(-0.55, 1.55)
    axes.set_ylim(0, max(float(end["high"]) for end in ends) * 1.15)
    axes.set_ylabel(plain(data["unit"], language))
    axes.tick_params(left=False, bottom=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.grid(axis="y", color="#d5dbe3", linewidth=0.6)
    axes.set_axisbelow(True)


def _intervals(figure: Figure, data: dict[str, Any], language: str) -> None:
    axes = figure.subplots()
    rows = data["rows"]
    colour = _palette()[0]
    for place, row in enumerate(reversed(rows)):
        low, middle, high = (float(row[key]) for key in ("low", "value", "high"))
        axes.plot([low, high], [place, place], color=colour, linewidth=5, alpha=0.35, solid_capstyle="butt")
        axes.plot([middle], [place], "o", color=colour, markersize=7)
        shown = "{} [{}, {}]".format(*(format_number(row[key], 1, True) for key in ("value", "low", "high")))
        axes.annotate(shown, (middle, place), xytext=(0, 9), textcoords="offset points", ha="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [plain(row["label"], language) for row in reversed(rows)], fontsize=9)
    axes.set_ylim(-0.6, len(rows) - 0.3)
    axes.margins(x=0.25)
    axes.set_xlabel(plain(data["unit"], language))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.grid(axis="x", color="#d5dbe3", linewidth=0.6)
