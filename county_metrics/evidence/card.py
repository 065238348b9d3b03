"""Evidence cards: everything a reader must know of a published figure, as blocks that show themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from county_metrics.evidence.audit import Verdict
from county_metrics.evidence.bounds import smallest_count
from county_metrics.evidence.case import Pair
from county_metrics.evidence.cite import gbt7714
from county_metrics.evidence.schema import Figure
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, join, say


def figure_number(figure: Figure, *, unit: bool = True) -> dict[str, Any]:
    """Number node of a published figure."""
    return number(figure.value, ref=f"figure:{figure.id}", unit=both(**figure.unit.label) if unit else None)


def period_text(figure: Figure) -> dict[str, Any]:
    """Period of a figure with its basis; an inferred date is marked wherever it goes."""
    if figure.period_basis == "none":
        return say("period.none")
    start, _, end = figure.period.partition("/")
    if not end:
        dates = both(start, start)
    elif start == "..":
        dates = say("period.until", end=end)
    elif end == "..":
        dates = say("period.from", start=start)
    else:
        dates = say("period.between", start=start, end=end)
    return say(f"period.{figure.period_basis}", dates=dates)


def _lines(figures: Sequence[Figure]) -> list[list[Any]]:
    """What a card says of figures, one line an item, one cell a figure."""
    cells: dict[str, list[Any]] = {
        "printed": [_quoted(figure.printed) for figure in figures],
        "value": [figure_number(figure) for figure in figures],
        "bounds": [_figure_bounds(figure) for figure in figures],
        "scope": [both(**figure.scope) for figure in figures],
        "statistic": [say(f"statistic.{figure.statistic}") for figure in figures],
        "period": [period_text(figure) for figure in figures],
        "denominator": [_denominator(figure) for figure in figures],
        "source": [both(**figure.source.cite) for figure in figures],
        "interest": [both(**figure.source.interest) for figure in figures],
        "locator": [_quoted(figure.quote) for figure in figures],
        "note": [both(**figure.note) if any(figure.note.values()) else say("number.none") for figure in figures],
    }
    return [[say(f"evidence.{name}"), *row] for name, row in cells.items()]


@payload.shows
def evidence(pair: Pair) -> dict[str, Any]:
    """The two figures of a pair as published: printed form, value, bounds, scope, statistic, period, source."""
    figures = (pair.before, pair.after)
    columns = [column("what", say("evidence.what"))] + [column(f.role, say(f"role.{f.role}")) for f in figures]
    caption = say("evidence.caption", indicator=both(**pair.indicator.label), place=both(**pair.case_name))
    return payload.table("evidence", caption, columns, _lines(figures), [both(**pair.indicator.definition)])


def _quoted(text: str) -> dict[str, Any]:
    return both(f'"{text}"', f"“{text}”")


def _denominator(figure: Figure) -> dict[str, Any]:
    if not figure.denominator:
        return say("number.none")
    if figure.denominator != "unstated":
        return both(figure.denominator, figure.denominator)
    least = smallest_count((figure.value, figure.step)) if figure.kind == "share" and figure.step > 0 else None
    if not least or least == 1:
        return say("evidence.unstated")
    return say("evidence.unstated_least", least=number(least, ref=f"figure:{figure.id}"))


def _figure_bounds(figure: Figure) -> dict[str, Any]:
    if figure.bounds.exact:
        return say("evidence.exact")
    ends = (figure.bounds.low, figure.bounds.high)
    low, high = (say("number.open") if end is None else number(end, ref=f"figure:{figure.id}") for end in ends)
    return say("evidence.rounding", bracket=say("number.bracket", low=low, high=high))


@payload.shows
def grade(pair: Pair) -> dict[str, Any]:
    """The four items of the evidence grade, never summed."""
    columns = [column("item", say("grade.item")), column("answer", say("grade.answer")), column("reason", say("grade.reason"))]
    rows = [[say(f"grade.{i.id}"), say("gate.yes" if i.passed else "gate.no"), i.reason] for i in pair.grade]
    return payload.table("grade", say("grade.caption"), columns, rows, [say("grade.note")])


class Card(payload.Shown):
    """Evidence card of one figure; shows itself in a notebook and on a terminal.

    Attributes
    ----------
    figure : Figure
    case_name : dict
        Name of the case by language.
    verdicts : tuple of Verdict
        Outcomes of the claims that use the figure.
    flags : tuple of dict
        Known errors and open points of the source that concern it, by language.
    """

    def __init__(
        self, figure: Figure, case_name: dict[str, str], verdicts: Sequence[Verdict], flags: Sequence[dict[str, str]] = ()
    ) -> None:
        self.figure, self.case_name, self.verdicts, self.flags = figure, case_name, tuple(verdicts), tuple(flags)

    @property
    def citation(self) -> str:
        """Copy-ready citation in the form of GB/T 7714, with the phrase that locates the figure."""
        return f"{gbt7714(self.figure.source)} [“{self.figure.quote}”]"

    def payload(self) -> dict[str, Any]:
        """Table of the card."""
        figure = self.figure
        rows = _lines([figure])
        rows.insert(0, [say("evidence.indicator"), both(**figure.indicator.label)])
        for verdict in self.verdicts:
            text = say(f"verdict.{verdict.verdict}")
            rows.append([say("evidence.claim"), join([both(**verdict.claim.text), text, both(**verdict.claim.reason)], " ")])
        rows += [[say("evidence.flag"), both(**flag)] for flag in self.flags]
        rows.append([say("evidence.cite"), both(self.citation, self.citation)])
        columns = [column("what", say("evidence.what")), column("figure", both(figure.id, figure.id))]
        caption = say("evidence.caption", indicator=both(**figure.indicator.label), place=both(**self.case_name))
        return payload.table(f"card_{figure.id}", caption, columns, rows, [both(**figure.indicator.definition)])

    def __repr__(self) -> str:
        return self.summary()
