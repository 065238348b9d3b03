"""Before and after as small multiples: one panel a pair, in its own unit, with its bounds and its evidence grade."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from county_metrics.evidence.card import figure_number, period_text
from county_metrics.evidence.case import Case, Pair
from county_metrics.evidence.schema import NATURES, Figure
from county_metrics.present.number import format_number, number
from county_metrics.present.wording import both, markup, plain, say
from county_metrics.report.cards import Uses, label, shown
from county_metrics.report.frame import leads
from county_metrics.report.links import settle

WIDTH, HEIGHT, TOP, BOTTOM = 320, 150, 22, 138
LEFT, RIGHT = 92, 228
"""Places in the picture, in its own units."""

_CHANGE = "result:percent_change"

ORDER = ("outcome", "process", "rule_count")


def pair_contexts(cases: Iterable[Case], language: str, path: str, uses: Uses) -> list[dict[str, Any]]:
    """Panels of the pairs of some cases, in groups by the nature of what they measure."""
    assert set(ORDER) == set(NATURES)
    pairs = [pair for case in cases for pair in case.pairs]
    groups = []
    for nature in ORDER:
        panels = [_panel(pair, language, path, uses) for pair in pairs if pair.indicator.nature == nature]
        if panels:
            title, reading = plain(say(f"nature_name.{nature}"), language), plain(say(f"nature.{nature}"), language)
            groups.append({"title": title[:1].upper() + title[1:], "text": reading, "panels": panels})
    return groups


def _panel(pair: Pair, language: str, path: str, uses: Uses) -> dict[str, Any]:
    root = "../" * path.count("/")
    runs = list(uses.get(pair.id, ()))
    url = f"{root}{runs[0][0]}" if runs else f"{root}evidence/{pair.after.id}.html"
    ends = (pair.before, pair.after)
    return {
        "title": label(both(**pair.indicator.label), language),
        "url": url,
        "place": pair.case_name[language],
        "case_url": f"{root}cases/{pair.case}.html",
        "picture": _picture(pair, language, root),
        "unit": pair.before.unit.label[language],
        "change": Markup(settle(markup(_change(pair), language), leads(path, {_CHANGE: url}))),
        "ends": [
            {
                "label": plain(say(f"role.{figure.role}"), language),
                "value": shown(figure_number(figure), language, path),
                "period": shown(period_text(figure), language, path),
                "bounds": shown(_bounds(figure), language, path),
            }
            for figure in ends
        ],
        "grade": [
            {"passed": item.passed, "label": plain(say(f"grade.{item.id}"), language), "reason": plain(item.reason, language)}
            for item in pair.grade
        ],
    }


def _bounds(figure: Figure) -> dict[str, Any]:
    if figure.bounds.exact:
        return say("evidence.exact")
    ends = (figure.bounds.low, figure.bounds.high)
    low, high = (say("number.open") if end is None else number(end, ref=f"figure:{figure.id}") for end in ends)
    return say("number.bracket", low=low, high=high)


def _change(pair: Pair) -> dict[str, Any]:
    """The change in words: points for a share, percent for everything else."""
    before, after = pair.before.value, pair.after.value
    if pair.indicator.scale == "share":
        return say("pairs.points", change=number(after - before, ref=_CHANGE, places=1, signed=True))
    return say("pairs.percent", change=number((after - before) / before * 100, ref=_CHANGE, places=1, signed=True))


def _picture(pair: Pair, language: str, root: str) -> Markup:
    """A slope on a scale that begins at nothing, drawn in the colours of the page; each end is a link to its card."""
    most = max(figure.bounds.high or figure.value for figure in (pair.before, pair.after))
    parts = [Markup('<line class="cm-base" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(LEFT - 16, BOTTOM, RIGHT + 16, BOTTOM)]
    heights = [_height(figure.value, most) for figure in (pair.before, pair.after)]
    area = f"{LEFT},{BOTTOM} {LEFT},{heights[0]} {RIGHT},{heights[1]} {RIGHT},{BOTTOM}"
    parts.append(Markup('<polygon class="cm-area" points="{}"/>').format(area))
    parts.append(Markup('<line class="cm-slope" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(LEFT, heights[0], RIGHT, heights[1]))
    for x, y, figure in zip((LEFT, RIGHT), heights, (pair.before, pair.after), strict=True):
        parts.append(_end(x, y, figure, most, root))
    words = plain(
        say(
            "plot.slope_alt",
            indicator=both(**pair.indicator.label),
            before=figure_number(pair.before),
            after=figure_number(pair.after),
        ),
        language,
    )
    shape = '<svg class="cm-pair" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>'
    return Markup(shape).format(WIDTH, HEIGHT, words, Markup("").join(parts))


def _height(value: Decimal, most: Decimal) -> str:
    return f"{BOTTOM - (BOTTOM - TOP) * float(value) / float(most):.1f}"


def _end(x: int, y: str, figure: Figure, most: Decimal, root: str) -> Markup:
    low, high = (_height(figure.value if end is None else end, most) for end in (figure.bounds.low, figure.bounds.high))
    left = figure.role == "before"
    return Markup(
        '<line class="cm-bar" x1="{x}" y1="{low}" x2="{x}" y2="{high}"/><circle class="cm-dot" cx="{x}" cy="{y}" r="5.5"/>'
        '<a class="cm-ref" href="{root}evidence/{id}.html">'
        '<text x="{at}" y="{y}" dy="0.35em" text-anchor="{side}">{text}</text></a>'
    ).format(
        x=x, y=y, low=low, high=high, root=root, id=figure.id, at=x + (-14 if left else 14), side="end" if left else "start",
        text=format_number(str(figure.value), None, False),
    )  # fmt: skip
