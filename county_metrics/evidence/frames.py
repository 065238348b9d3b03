"""The curated data as flat tables with labels: for data frames, exports and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import fields
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

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


def _flat(record: Any, leave_out: tuple[str, ...] = ()) -> dict[str, str]:
    """A record as one row: texts by language side by side, what it refers to by id, lists joined by spaces."""
    row: dict[str, str] = {}
    for name in (field.name for field in fields(record) if field.name not in leave_out):
        value = getattr(record, name)
        if isinstance(value, dict):
            row |= {f"{name}_{language}": value[language] for language in ("en", "zh")}
        elif isinstance(value, bool):
            row[name] = "yes" if value else "no"
        elif isinstance(value, Decimal):
            row[name] = _text(value)
        elif isinstance(value, tuple):
            row[name] = " ".join(str(item) for item in value)
        else:
            row[name] = "" if value is None else str(getattr(value, "id", value))
    return row


def _figure_row(figure: Figure) -> dict[str, str]:
    indicator, unit = figure.indicator, figure.unit
    labels = {
        f"{name}_{language}": label[language]
        for name, label in (("indicator", indicator.label), ("unit", unit.label))
        for language in label
    }
    bounds = {"value_low": _text(figure.bounds.low), "value_high": _text(figure.bounds.high)}
    more = {
        "nature": indicator.nature,
        "direction": indicator.direction,
        "independent": "yes" if figure.source.independent else "no",
    }
    return _flat(figure, ("bounds", "place", "readings", "slot")) | labels | bounds | more


def _figure_rows(data: Catalogue) -> list[dict[str, str]]:
    return [_figure_row(figure) for figure in data.figures.values()]


def _claim_rows(data: Catalogue) -> list[dict[str, str]]:
    rows = []
    for verdict in data.verdicts:
        claim, first = verdict.claim, verdict.implied[0]
        ends = {"implied": first.value, "implied_low": first.interval.low, "implied_high": first.interval.high}
        implied = {name: "" if end is None else _text(round(end, 6)) for name, end in ends.items()}
        kind = "restated" if claim.figure else claim.relation or "derived"
        kept = _flat(claim, ("alternatives", "relation", "left", "right", "derive", "unit", "expected"))
        rows.append(kept | {"kind": kind, "verdict": verdict.verdict, "reading": verdict.reading} | implied)
    return rows


def _mechanism_rows(data: Catalogue) -> list[dict[str, str]]:
    return [_flat(mechanism) for mechanism in data.mechanisms]


def _indicator_rows(data: Catalogue) -> list[dict[str, str]]:
    counts = Counter(figure.indicator.id for figure in data.figures.values())
    return [_flat(i, ("comparable_to",)) | {"n_figures": str(counts[i.id])} for i in data.words.indicators.values()]


def _event_rows(data: Catalogue) -> list[dict[str, str]]:
    return [
        {"case": case.id, "kind": kind} | _flat(event)
        for case in data.cases
        for kind, events in (("reform", case.reforms), ("other event", case.concurrent_events))
        for event in events
    ]


def _source_rows(data: Catalogue) -> list[dict[str, str]]:
    return [_flat(source, ("renditions",)) for source in data.words.sources.values()]


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
        table[column] = pd.to_numeric(table[column].replace("", None)).astype(float)
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
    verdicts = [verdict for verdict in data.verdicts if name in verdict.uses]
    concerned = {verdict.claim.id for verdict in verdicts}
    return Card(found, place, verdicts, [entry.reason for entry in data.corrections if entry.claim in concerned])


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
