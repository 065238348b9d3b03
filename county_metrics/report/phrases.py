"""Curated sentences that a notebook shows: the numerals in them lead where they lead on the pages of evidence."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from county_metrics.evidence.card import Card
from county_metrics.evidence.frames import curated
from county_metrics.report.frame import leads
from county_metrics.report.links import known_claim, known_figures, settle


@cache
def linked_phrases(language: str) -> dict[str, str]:
    """HTML with links by the words of a sentence, as they stand escaped in a run's page."""
    linked: dict[str, str] = {}
    for texts, known in _sentences():
        words = html.escape(texts[language] or texts["en"], quote=False)
        if (shown := settle(words, leads("runs/a.html"), known)) != words:
            linked.setdefault(words, shown)
    return linked | _quoted()


def _quoted() -> dict[str, str]:
    """Printed forms and citations, which are quotations; a form that one figure alone has leads to its card too."""
    figures = curated().figures.values()
    forms = Counter(figure.printed for figure in figures)
    quoted = {}
    for figure in figures:
        words, target = html.escape(figure.printed, quote=False), leads("runs/a.html")
        whole = f"<q>{words}</q>"
        quoted[words] = (
            f'<a class="cm-ref" href="{target(f"figure:{figure.id}")}">{whole}</a>' if forms[figure.printed] == 1 else whole
        )
        citation = html.escape(Card(figure, {}, ()).citation, quote=False)
        quoted[citation] = f"<cite>{citation}</cite>"
    return quoted


def _sentences() -> Iterator[tuple[dict[str, str], Mapping[str, str]]]:
    data = curated()
    for verdict in data.verdicts:
        claim = verdict.claim
        known = known_claim(verdict, data.figures, [*claim.text.values(), *claim.reason.values()])
        yield from ((texts, known) for texts in (claim.text, claim.reason))
    for case in data.cases:
        around = known_figures(case.figures)
        for event in (*case.reforms, *case.concurrent_events):
            yield event.label, around
        for figure in case.figures:
            own = {**around, **known_figures([figure])}
            quoted = ({"en": f'"{text}"', "zh": f"“{text}”"} for text in (figure.printed, figure.quote))
            yield from ((texts, own) for texts in (*quoted, figure.scope, figure.note))
            if figure.denominator:
                yield {"en": figure.denominator, "zh": figure.denominator}, own
