"""The curated data as flat tables with labels: for data frames, exports and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from county_metrics.errors import unknown_id
from county_metrics.evidence.card import Card
from county_metrics.evidence.catalogue import Catalogue, load_catalogue
from county_metrics.evidence.schema import Figure
from county_metrics.present.wording import catalogue as words
from county_metrics.present.wording import current_language

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = frozenset(("value", "value_low", "value_high", "value_hi", "step", "implied", "implied_low", "implied_high"))
"""Columns that hold numbers."""


@cache
def curated() -> Catalogue:
    """The curated data, loaded once in a process."""
    return load_catalogue()


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _figure_row(figure: Figure) -> dict[str, str]:
    return {
        "id": figure.id, "case": figure.case, "indicator": figure.indicator.id,
        "indicator_en": figure.indicator.label["en"], "indicator_zh": figure.indicator.label["zh"],
        "scope_en": figure.scope["en"], "scope_zh": figure.scope["zh"],
        "value": _text(figure.value), "value_low": _text(figure.bounds.low), "value_high": _text(figure.bounds.high),
        "value_hi": _text(figure.value_hi), "unit": figure.unit.id, "unit_en": figure.unit.label["en"],
        "unit_zh": figure.unit.label["zh"], "printed": figure.printed, "quantifier": figure.quantifier.id,
        "step": _text(figure.step), "statistic": figure.statistic, "role": figure.role, "kind": figure.kind,
        "accrual": figure.accrual, "denominator": figure.denominator, "period": figure.period,
        "period_basis": figure.period_basis, "base_period": figure.base_period, "pair": figure.pair,
        "nature": figure.indicator.nature, "direction": figure.indicator.direction, "source": figure.source.id,
        "independent": "yes" if figure.source.independent else "no", "quote": figure.quote,
        "note_en": figure.note["en"], "note_zh": figure.note["zh"],
    }  # fmt: skip


def _figure_rows(data: Catalogue) -> list[dict[str, str]]:
    return [_figure_row(figure) for figure in data.figures.values()]


def _claim_rows(data: Catalogue) -> list[dict[str, str]]:
    rows = []
    for verdict in data.verdicts:
        claim, first = verdict.claim, verdict.implied[0]
        kind = "restated" if claim.figure else claim.relation or "derived"
        rows.append(
            {
                "id": claim.id, "case": claim.case, "kind": kind, "claim_en": claim.text["en"],
                "claim_zh": claim.text["zh"], "verdict": verdict.verdict, "reading": verdict.reading,
                "implied": _text(round(first.value, 6)), "implied_low": _text(_short(first.interval.low)),
                "implied_high": _text(_short(first.interval.high)), "figure": claim.figure,
                "reason_en": claim.reason["en"], "reason_zh": claim.reason["zh"], "source": claim.source, "quote": claim.quote,
            }
        )  # fmt: skip
    return rows


def _short(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 6)


def _mechanism_rows(data: Catalogue) -> list[dict[str, str]]:
    return [
        {
            "id": m.id, "case": m.case, "kind": m.kind, "name_en": m.name["en"], "name_zh": m.name["zh"],
            "what_en": m.what["en"], "what_zh": m.what["zh"], "measure_en": m.measure["en"],
            "measure_zh": m.measure["zh"], "data_en": m.data["en"], "data_zh": m.data["zh"],
            "indicators": " ".join(m.indicators), "figures": " ".join(m.figures), "source": m.source, "quote": m.quote,
        }
        for m in data.mechanisms
    ]  # fmt: skip


def _indicator_rows(data: Catalogue) -> list[dict[str, str]]:
    counts: dict[str, int] = {}
    for figure in data.figures.values():
        counts[figure.indicator.id] = counts.get(figure.indicator.id, 0) + 1
    return [
        {
            "id": i.id, "label_en": i.label["en"], "label_zh": i.label["zh"], "unit": i.unit, "direction": i.direction,
            "scale": i.scale, "nature": i.nature, "day_type": i.day_type, "definition_en": i.definition["en"],
            "definition_zh": i.definition["zh"], "n_figures": str(counts.get(i.id, 0)),
        }
        for i in data.words.indicators.values()
    ]  # fmt: skip


def _event_rows(data: Catalogue) -> list[dict[str, str]]:
    return [
        {
            "case": case.id, "id": event.id, "kind": kind, "label_en": event.label["en"], "label_zh": event.label["zh"],
            "start": event.start, "end": event.end, "date_basis": event.date_basis,
            "mechanisms": " ".join(event.mechanisms), "source": event.source, "quote": event.quote,
        }
        for case in data.cases
        for kind, events in (("reform", case.reforms), ("other event", case.concurrent_events))
        for event in events
    ]  # fmt: skip


def _source_rows(data: Catalogue) -> list[dict[str, str]]:
    return [
        {
            "id": s.id, "title_en": s.title["en"], "title_zh": s.title["zh"], "author_en": s.author["en"],
            "author_zh": s.author["zh"], "interest_en": s.interest["en"], "interest_zh": s.interest["zh"],
            "independent": "yes" if s.independent else "no", "issued": s.issued, "issued_basis": s.issued_basis,
            "cite_en": s.cite["en"], "cite_zh": s.cite["zh"],
        }
        for s in data.words.sources.values()
    ]  # fmt: skip


TABLES: dict[str, Callable[[Catalogue], list[dict[str, str]]]] = {
    "figures": _figure_rows,
    "claims": _claim_rows,
    "mechanisms": _mechanism_rows,
    "indicators": _indicator_rows,
    "events": _event_rows,
    "sources": _source_rows,
}
"""Every table that can be shown or exported, by name."""


def column_labels(name: str, language: str) -> dict[str, str]:
    """What each column of a table holds, in words of at most 80 characters."""
    columns = list(TABLES[name](curated())[0])
    return {column: words().get(f"columns.{column}", {}).get(language, column) for column in columns}


def frame(name: str, rows: Iterable[dict[str, str]] | None = None) -> pd.DataFrame:
    """A table as a data frame: numbers as float, everything else as text, labels in ``attrs["labels"]``."""
    import pandas as pd

    table = pd.DataFrame(list(TABLES[name](curated()) if rows is None else rows))
    for column in NUMBERS.intersection(table.columns):
        table[column] = pd.to_numeric(table[column].replace("", None))
    table.attrs["labels"] = column_labels(name, current_language())
    return table


def figures(case: str | None = None, indicator: str | None = None, role: str | None = None) -> pd.DataFrame:
    """Every published figure, or those of a case, an indicator, a role.

    Parameters
    ----------
    case, indicator, role : str, optional
        Keep only these.

    Returns
    -------
    pandas.DataFrame
        One row a figure: value with bounds in its unit, labels in both languages, scope, statistic, period with
        its basis, printed form, source. Labels of the columns are in ``.attrs["labels"]``.

    Raises
    ------
    UnknownIdError
        If nothing has that case, indicator or role.

    Examples
    --------
    >>> figures(case="jiashan", role="before")["value"].tolist()
    [9002.0, 230.0]
    """
    rows = _figure_rows(curated())
    for column, wanted in (("case", case), ("indicator", indicator), ("role", role)):
        if wanted is None:
            continue
        allowed = sorted({row[column] for row in _figure_rows(curated())})
        if wanted not in allowed:
            raise unknown_id(f"figure with {column}", wanted, allowed)
        rows = [row for row in rows if row[column] == wanted]
    return frame("figures", rows) if rows else frame("figures").iloc[:0]


def figure(name: str) -> Card:
    """Evidence card of a figure.

    Raises
    ------
    UnknownIdError
        If there is no such figure.

    Examples
    --------
    >>> figure("jiashan_investment_approval_before").figure.printed
    '230个工作日'
    """
    data = curated()
    if name not in data.figures:
        raise unknown_id("figure", name, list(data.figures))
    found = data.figures[name]
    place = next(case.name for case in data.cases if case.id == found.case)
    return Card(found, place, [verdict for verdict in data.verdicts if name in verdict.uses])


def claims() -> pd.DataFrame:
    """Every derived statement of the sources with its verdict.

    Returns
    -------
    pandas.DataFrame
        One row a claim: what is claimed, verdict, implied value with its range, reading, reason.
    """
    return frame("claims")


def mechanisms() -> pd.DataFrame:
    """Every reform, mechanism and indicator family that the sources describe.

    Returns
    -------
    pandas.DataFrame
        One row a mechanism: what it is, what could be measured of it and from what data, figures printed.
    """
    return frame("mechanisms")
