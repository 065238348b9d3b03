"""Evidence: the browser over every figure, and a card for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from county_metrics.evidence.audit import Verdict
from county_metrics.evidence.card import Card, figure_number, period_text
from county_metrics.evidence.case import Case
from county_metrics.evidence.catalogue import Catalogue
from county_metrics.evidence.cite import bibtex
from county_metrics.evidence.schema import Figure
from county_metrics.present.payload import to_html
from county_metrics.present.wording import both, markup, plain, say
from county_metrics.report.frame import frame, leads
from county_metrics.report.links import known_claim, known_figures, mark, settle

Context = tuple[str, str, dict[str, Any]]
"""Path in the language's site, template, context of a page."""
Uses = Mapping[str, Sequence[tuple[str, str]]]
"""Address from the language's folder and title of the runs that use a figure or a case, by its id."""


def shown(node: Any, language: str, path: str, known: Mapping[str, str] | None = None) -> Markup:
    """A text node as it stands on a page: numbers linked, dates marked."""
    return Markup(settle(markup(node, language), leads(path), known))


def label(node: Any, language: str, known: Mapping[str, str] | None = None) -> Markup:
    """A text node that is the text of a link: dates, constants and known numerals marked."""
    return Markup(mark(markup(node, language), known))


def case_known(case: Case) -> dict[str, str]:
    """References for the numerals in words about a case."""
    return known_figures(case.figures)


def card_pages(data: Catalogue, language: str, uses: Uses) -> Iterator[Context]:
    """A page for each figure, in the order of the cases."""
    paths = [f"evidence/{name}.html" for name in data.figures]
    users = _users(data)
    for case in data.cases:
        known = case_known(case)
        for figure in case.figures:
            place = paths.index(f"evidence/{figure.id}.html")
            beside = [paths[at] if 0 <= at < len(paths) else None for at in (place - 1, place + 1)]
            yield (
                paths[place],
                "card",
                _card(figure, case, data, language, known, users)
                | {
                    "beside": [path and path.removeprefix("evidence/") for path in beside],
                    "runs": [(f"../{url}", title) for url, title in uses.get(figure.pair or "-", ())],
                },
            )


def _users(data: Catalogue) -> dict[str, list[Verdict]]:
    """Verdicts by the figures they rest on."""
    users: dict[str, list[Verdict]] = {name: [] for name in data.figures}
    for verdict in data.verdicts:
        for name in verdict.uses:
            users[name].append(verdict)
    return users


def _card(
    figure: Figure, case: Case, data: Catalogue, language: str, around: Mapping[str, str], users: Mapping[str, list[Verdict]]
) -> dict[str, Any]:
    path = f"evidence/{figure.id}.html"
    known = {**around, **known_figures([figure])}
    block = Card(figure, case.name, (), ()).payload()
    block["rows"] = block["rows"][1:-1]
    verdicts = users[figure.id]
    concerned = {verdict.claim.id for verdict in verdicts}
    partner = next((f for f in case.figures if figure.pair and f.pair == figure.pair and f is not figure), None)
    return frame(language, path) | {
        "title": shown(both(**figure.indicator.label), language, path),
        "plain_title": figure.indicator.label[language],
        "place": case.name[language],
        "case_url": f"../cases/{case.id}.html",
        "figure": figure.id,
        "value": shown(figure_number(figure), language, path),
        "quote": figure.printed,
        "role": plain(say(f"role_name.{figure.role}"), language),
        "period": shown(period_text(figure), language, path),
        "block": Markup(settle(to_html(block, language, page=True), leads(path), known)),
        "claims": [claim_context(verdict, data.figures, language, path) for verdict in verdicts],
        "flags": [shown(both(**entry.reason), language, path, known) for entry in data.corrections if entry.claim in concerned],
        "partner": partner and {"url": f"{partner.id}.html", "label": shown(figure_number(partner), language, path)},
        "mechanisms": [
            (f"../cases/{m.case}.html#mechanism-{m.id}", label(both(**m.name), language, known))
            for m in data.mechanisms
            if figure.id in m.figures
        ],
        "citations": [Card(figure, case.name, ()).citation, f"{figure.source.cite['en']} [“{figure.quote}”]"],
        "bibtex": bibtex(figure.source),
        "command": f'import county_metrics as cm\n\ncm.figure("{figure.id}")',
    }


def claim_context(verdict: Verdict, figures: Mapping[str, Figure], language: str, path: str) -> dict[str, Any]:
    """A claim as a page shows it: what is claimed, the verdict, the reason, and where its working stands."""
    claim = verdict.claim
    known = known_claim(verdict, figures, [*claim.text.values(), *claim.reason.values()])
    root = "../" * path.count("/")
    return {
        "id": claim.id,
        "url": f"{root}audit.html#{claim.id}",
        "text": shown(both(**claim.text), language, path, known),
        "reason": shown(both(**claim.reason), language, path, known),
        "verdict": verdict.verdict,
        "label": plain(say(f"verdict_name.{verdict.verdict}"), language),
    }


def browser(data: Catalogue, language: str) -> Context:
    """Every figure in one table, with what a script needs to filter it."""
    path = "evidence/index.html"
    rows = [
        _row(figure, case, language, path, known)
        for case in data.cases
        for known in [case_known(case)]
        for figure in case.figures
    ]
    names = {
        "case": {case.id: case.name[language] for case in data.cases if case.figures},
        "indicator": {f.indicator.id: f.indicator.label[language] for f in data.figures.values()},
        "role": {f.role: plain(say(f"role_name.{f.role}"), language) for f in data.figures.values()},
        "source": {f.source.id: f.source.title[language] for f in data.figures.values()},
        "grade": {name: plain(say(f"figure_grade.{name}"), language) for name in ("dates", "statistic", "independent")},
    }
    order = {
        name: options if name == "grade" else dict(sorted(options.items(), key=lambda item: item[1]))
        for name, options in names.items()
    }
    return path, "browse", frame(language, path) | {"rows": rows, "filters": order, "scripts": ["browse.js"]}


def grade_items(figure: Figure) -> dict[str, bool]:
    """What can be asked of one figure alone: whether its date is printed, its statistic said, its source independent."""
    return {
        "dates": figure.period_basis == "stated",
        "statistic": figure.statistic != "unstated",
        "independent": figure.source.independent,
    }


def _row(figure: Figure, case: Case, language: str, path: str, known: Mapping[str, str]) -> dict[str, Any]:
    items = grade_items(figure)
    own = {**known, **known_figures([figure])}
    return {
        "id": figure.id,
        "case": case.id,
        "indicator": figure.indicator.id,
        "role": figure.role,
        "source": figure.source.id,
        "grade": " ".join(name for name, passed in items.items() if passed),
        "marks": [
            (plain(say(f"figure_grade.{name}" if passed else f"figure_lack.{name}"), language), passed)
            for name, passed in items.items()
        ],
        "label": label(both(**figure.indicator.label), language),
        "scope": shown(both(**figure.scope), language, path, own),
        "place": case.name[language],
        "value": shown(figure_number(figure), language, path),
        "period": shown(period_text(figure), language, path),
        "role_label": plain(say(f"role_name.{figure.role}"), language),
    }
