"""Periods of a panel as places on a regular grid, however they are written."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from county_metrics.analysis.design import gate

_FORMS = {
    "whole": re.compile(r"(-?\d+)(?:\.0+)?"),
    "quarter": re.compile(r"(\d{4})[ -]?Q([1-4])"),
    "month": re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    "day": re.compile(r"(\d{4})-(0[1-9]|1[0-2])-([0-3]\d)"),
}


@dataclass(frozen=True)
class Grid:
    """Regular periods: position 0 is the first; `kind` is whole, quarter, month or day; `step` in whole numbers, months, days."""

    kind: str
    first: int
    step: int

    def label(self, position: float) -> str:
        """Name of a period by its position."""
        value = self.first + int(position) * self.step
        if self.kind == "day":
            return dt.date.fromordinal(value).isoformat()
        if self.kind == "month":
            return f"{value // 12:04d}-{value % 12 + 1:02d}"
        return f"{value // 12:04d}Q{value % 12 // 3 + 1}" if self.kind == "quarter" else str(value)

    def position(self, value: Any) -> float:
        """Position of the first period at or after a value; NaN if it cannot be read."""
        found = ordinal(value, self.kind)
        return math.nan if found is None else math.ceil((found - self.first) / self.step)


def ordinal(value: Any, kind: str) -> int | None:
    """Whole number of a period: itself, the day, or the month counted from year 0; None if it cannot be read.

    Examples
    --------
    >>> ordinal(2014.0, "whole"), ordinal("2014-02", "month"), ordinal("soon", "month")
    (2014, 24169, None)
    """
    for name in ("whole",) if kind == "whole" else ("quarter", "month", "day"):
        if found := _FORMS[name].fullmatch(_text(value)):
            parts = [int(part) for part in found.groups()]
            if name == "whole":
                return parts[0]
            year, month = parts[0], 3 * parts[1] - 2 if name == "quarter" else parts[1]
            if kind != "day":
                return 12 * year + month - 1
            try:
                return dt.date(year, month, parts[2] if name == "day" else 1).toordinal()
            except ValueError:
                return None
    return None


def kind_of(values: Iterable[Any]) -> str | None:
    """How periods are written; dates on the first of the month are months; None where some differ or cannot be read."""
    texts = [_text(value) for value in values]
    for name, form in _FORMS.items():
        if all(form.fullmatch(text) and ordinal(text, name) is not None for text in texts):
            return "month" if name == "day" and all(text.endswith("-01") for text in texts) else name
    return None


def _text(value: Any) -> str:
    return str(value.to_timestamp() if isinstance(value, pd.Period) else value).strip().removesuffix(" 00:00:00")


def require_panel(data: pd.DataFrame, analysis: str) -> None:
    """Refuse a table that declares a design that is not open to the analysis.

    Raises
    ------
    DesignError
    """
    if design := data.attrs.get("design"):
        gate(str(design), analysis).require()
