"""Plots of records: survival curves, and distributions before and after, labelled in the plot itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.wording import both, plain, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS, _STEPS, _MIDDLE = 40, 120, 0.6
_QUIET, _GRID = "#697586", "#d5dbe3"


def distributions(
    what: str, sides: Sequence[tuple[Any, Any]], labels: Sequence[dict[str, Any]], unit: dict[str, Any], simulated: bool
) -> dict[str, Any]:
    """Plot block of two histograms on one scale.

    Parameters
    ----------
    what : str
        Name of the measured column.
    sides : two pairs of arrays
        Values and weights.
    labels : two text nodes
    unit : text node
    """
    import numpy as np

    low, high = (float(end([end(values) for values, _ in sides])) for end in (np.min, np.max))
    whole = all((values == np.floor(values)).all() for values, _ in sides)
    if whole:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / _BINS or 1.0
    if whole:
        width = float(np.ceil(width))
    edges = low + width * np.arange(max(int(np.ceil((high - low) / width - 1e-9)), 1) + 1)
    edges[-1] = max(edges[-1], high)
    groups = []
    for (values, weights), label in zip(sides, labels, strict=True):
        shares = np.histogram(values, edges, weights=weights / weights.sum())[0]
        order = np.argsort(values, kind="stable")
        middle = values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)]
        centre = float(np.average(values, weights=weights))
        marks = {name: number(f"{value:.4g}", ref=f"result:{name}") for name, value in (("median", middle), ("mean", centre))}
        groups.append({"label": label, "shares": _plain(shares)} | marks)
    slots = {"what": both(what, what)}
    first, second = groups
    alt = say(
        "distributions.alt", **slots, first=first["label"], second=second["label"], median_first=first["median"],
        median_second=second["median"],
    )  # fmt: skip
    data = {"edges": _plain(edges), "groups": groups, "unit": unit, "simulated": simulated}
    return payload.plot("distributions", "distributions", say("distributions.caption", **slots), alt, data)


def survival(
    curves: Sequence[dict[str, Any]], labels: Sequence[dict[str, Any]], unit: dict[str, Any], level: float, simulated: bool
) -> dict[str, Any]:
    """Plot block of two survival curves.

    Parameters
    ----------
    curves : two dicts of arrays
        ``time``, ``survival``, ``low``, ``high``, from time zero on.
    labels : two text nodes
    unit : text node
    level : float
        Confidence of the bands.
    """
    groups = []
    for curve, label in zip(curves, labels, strict=True):
        step = max(1, -(-len(curve["time"]) // _STEPS))
        kept = [*range(0, len(curve["time"]) - 1, step), len(curve["time"]) - 1]
        groups.append({"label": label} | {name: _plain([values[place] for place in kept]) for name, values in curve.items()})
    caption = say("survival.caption", level=number(f"{100 * level:g}", ref="param:level"))
    alt = say("survival.alt", first=labels[0], second=labels[1])
    return payload.plot("survival", "survival", caption, alt, {"groups": groups, "unit": unit, "simulated": simulated})


def _plain(values: Any) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def paint_distributions(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw the two histograms one above the other on one scale."""
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    edges = data["edges"]
    top = max(share for group in data["groups"] for share in group["shares"])
    for axes, group, colour in zip(panels, data["groups"], _colours(), strict=True):
        axes.bar(edges[:-1], group["shares"], edges[1] - edges[0], align="edge", color=colour, alpha=0.45)
        axes.set_title(plain(group["label"], language), fontsize=10, loc="left", color=colour, fontweight="bold")
        for name, style, height in (("median", "-", 1.22), ("mean", "--", 1.06)):
            place = float(group[name]["number"])
            axes.axvline(place, color=colour, linestyle=style, linewidth=1.6)
            other = float(group["mean" if name == "median" else "median"]["number"])
            right = place < other or (place == other and name == "median")
            text = plain(
                say("distributions.median", value=group[name])
                if name == "median"
                else say("distributions.mean", value=group[name]),
                language,
            )
            axes.annotate(
                text, (place, top * height), xytext=(-5 if right else 5, 0), textcoords="offset points", fontsize=9,
                ha="right" if right else "left", va="center",
            )  # fmt: skip
        axes.set_ylim(0, top * 1.35)
        axes.set_xlim(edges[0], edges[-1] + 0.03 * (edges[-1] - edges[0]))
        axes.set_ylabel(plain(say("distributions.share"), language))
        _quiet(axes)
    panels[-1].set_xlabel(plain(data["unit"], language))
    _stamp(figure, data, language)


def paint_survival(figure: Figure, data: dict[str, Any], language: str) -> None:
    """Draw the curves with their bands, each labelled where it runs free of the other."""
    axes = figure.subplots()
    later = _reaches(data["groups"][0], _MIDDLE) >= _reaches(data["groups"][1], _MIDDLE)
    for place, (group, colour) in enumerate(zip(data["groups"], _colours(), strict=True)):
        right = later == (place == 0)
        times, shares = group["time"], group["survival"]
        axes.step(times, shares, where="post", color=colour, linewidth=2)
        axes.fill_between(times, group["low"], group["high"], step="post", color=colour, alpha=0.15, linewidth=0)
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        axes.annotate(
            plain(group["label"], language), (_reaches(group, _MIDDLE), _MIDDLE), xytext=(8 if right else -8, 0),
            textcoords="offset points", ha="left" if right else "right", va="center", color=colour, fontsize=10,
            fontweight="bold", bbox=box,
        )  # fmt: skip
    axes.set_ylim(0, 1.03)
    axes.set_xlim(left=0)
    axes.set_xlabel(plain(say("survival.time", unit=data["unit"]), language))
    axes.set_ylabel(plain(say("survival.axis"), language))
    _quiet(axes)
    _stamp(figure, data, language)


def _reaches(group: dict[str, Any], share: float) -> float:
    """When a curve first falls to a share, or its last time."""
    times: list[float] = group["time"]
    return next((time for time, left in zip(times, group["survival"], strict=True) if left <= share), times[-1])


def _colours() -> list[Any]:
    import seaborn

    return list(seaborn.color_palette("colorblind"))[:2]


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def _stamp(figure: Figure, data: dict[str, Any], language: str) -> None:
    if data["simulated"]:
        figure.suptitle(plain(say("distributions.simulated"), language), fontsize=9, color=_QUIET, x=0.99, ha="right")


PAINTERS = {"distributions": paint_distributions, "survival": paint_survival}
