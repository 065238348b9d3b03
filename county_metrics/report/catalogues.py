"""Pages over everything curated: the audit of claims, the catalogue of mechanisms, that of indicators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from county_metrics.evidence.audit import VERDICTS, Implied, Verdict
from county_metrics.evidence.card import figure_number
from county_metrics.evidence.catalogue import Catalogue
from county_metrics.evidence.schema import MECHANISM_KINDS, Figure
from county_metrics.present.number import number
from county_metrics.present.wording import both, join, markup, plain, say
from county_metrics.report.cards import Context, case_known, claim_context, shown
from county_metrics.report.frame import frame, leads
from county_metrics.report.links import settle
from county_metrics.report.pairs import ORDER
from county_metrics.report.places import mechanism_context, ordered

_PARTS = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?|[-+*/()]")
_SIGNS = {"*": "×", "/": "÷", "-": "−"}
_RELATIONS = {"sum": "=", "equal": "=", "part_of": "≤", "at_most": "≤"}


def audit_page(data: Catalogue, language: str) -> Context:
    """Every derived statement of the sources with its verdict and the working behind it."""
    path = "audit.html"
    counts = Counter(verdict.verdict for verdict in data.verdicts)
    cases = [
        {
            "id": f"case-{case.id}",
            "name": case.name[language],
            "url": f"cases/{case.id}.html",
            "claims": [
                claim_context(v, data.figures, language, path)
                | {"works": _working(v, data.figures, language, path), "printed": _printed(v, data.figures, language, path)}
                for v in data.verdicts
                if v.claim.case == case.id
            ],
        }
        for case in ordered(data)
    ]
    summary = [
        {"id": name, "label": plain(say(f"verdict_name.{name}"), language), "count": _count(counts[name], name, language, path)}
        for name in VERDICTS
    ]
    cases = [case for case in cases if case["claims"]]
    return path, "audit", frame(language, path) | {"cases": cases, "summary": summary}


def _count(count: int, verdict: str, language: str, path: str) -> Markup:
    own = {"result:claims": "#claims"}
    return Markup(settle(markup(number(count, ref="result:claims"), language), leads(path, own)))


def _printed(verdict: Verdict, figures: Mapping[str, Figure], language: str, path: str) -> Markup:
    figure = figures.get(verdict.claim.figure)
    return shown(figure_number(figure), language, path) if figure else Markup("")


def _working(verdict: Verdict, figures: Mapping[str, Figure], language: str, path: str) -> list[Markup]:
    """Each reading as the expression over the figures, and what it gives with the range that rounding leaves."""
    claim = verdict.claim
    own = {f"result:{claim.id}": f"#working-{claim.id}"}
    if claim.relation:
        sides = (_expression(side, claim.id, figures) for side in (claim.left, claim.right))
        parts = [join(list(sides), f" {_RELATIONS[claim.relation]} ")]
    else:
        exprs = [claim.derive] if claim.derive else [alternative.expr for alternative in claim.alternatives]
        parts = [
            join([_expression(expr, claim.id, figures), " = ", _gives(implied, claim.id)])
            for expr, implied in zip(exprs, verdict.implied, strict=True)
        ]
    labels: list[dict[str, str] | None] = [None] * len(parts)
    if len(claim.alternatives) > 1:
        labels = [alternative.label for alternative in claim.alternatives]
    texts = [
        say("working.reading", label=both(**label), working=part) if label else part
        for part, label in zip(parts, labels, strict=True)
    ]
    return [Markup(settle(markup(text, language), leads(path, own))) for text in texts]


def _expression(expr: str, claim: str, figures: Mapping[str, Figure]) -> dict[str, Any]:
    """An expression with each figure's value in its place."""
    parts: list[Any] = []
    for part in _PARTS.findall(expr):
        if part in figures:
            parts.append(figure_number(figures[part], unit=False))
        elif part[0].isdigit():
            parts.append(number(part, ref=f"result:{claim}"))
        else:
            parts.append(f" {_SIGNS.get(part, part)} " if part in "+-*/" else part)
    return join(parts)


def _gives(implied: Implied, claim: str) -> dict[str, Any]:
    def end(value: Decimal | None) -> dict[str, Any]:
        return say("number.open") if value is None else number(value, ref=f"result:{claim}", places=_places(value))

    value, interval = end(implied.value), implied.interval
    if interval.low == interval.high == implied.value:
        return value
    return join([value, " ", say("number.bracket", low=end(interval.low), high=end(interval.high))])


def _places(value: Decimal) -> int:
    return 0 if value == value.to_integral_value() else 2


def mechanism_page(data: Catalogue, language: str) -> Context:
    """Every mechanism by kind: what could be measured of it, and what is printed."""
    path = "mechanisms.html"
    names = {case.id: case.name[language] for case in data.cases}
    known = {case.id: case_known(case) for case in data.cases}
    kinds = [
        {
            "id": kind,
            "title": plain(say(f"mechanism_kinds.{kind}"), language),
            "rows": [
                mechanism_context(m, data, language, path, known[m.case])
                | {"place": names[m.case], "url": f"cases/{m.case}.html#mechanism-{m.id}"}
                for m in data.mechanisms
                if m.kind == kind
            ],
        }
        for kind in MECHANISM_KINDS
    ]
    return path, "mechanisms", frame(language, path) | {"kinds": kinds}


def indicator_page(data: Catalogue, language: str) -> Context:
    """Every indicator by nature: its unit, what exactly it is, and each published value."""
    path = "indicators.html"
    values: dict[str, list[Markup]] = {}
    for figure in data.figures.values():
        values.setdefault(figure.indicator.id, []).append(shown(figure_number(figure), language, path))
    natures = [
        {
            "id": nature,
            "title": plain(say(f"nature_name.{nature}"), language),
            "text": plain(say(f"nature.{nature}"), language),
            "rows": [
                {
                    "id": f"indicator-{i.id}",
                    "label": shown(both(**i.label), language, path),
                    "definition": shown(both(**i.definition), language, path),
                    "direction": plain(say(f"direction_name.{i.direction}"), language),
                    "values": values.get(i.id, []),
                }
                for i in data.words.indicators.values()
                if i.nature == nature
            ],
        }
        for nature in ORDER
    ]
    return path, "indicators", frame(language, path) | {"natures": natures}
