"""Dates and intervals of the data: a small part of EDTF (ISO 8601-2)."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Period:
    """A date or an interval; an open end is None."""

    start: str | None
    end: str | None

    @property
    def single(self) -> bool:
        """Whether it is one date, not an interval."""
        return self.start is not None and self.start == self.end

    @property
    def year(self) -> int | None:
        """The year, where the whole period lies in one."""
        if self.start is None or self.end is None or self.start[:4] != self.end[:4]:
            return None
        return int(self.start[:4])


def parse_period(text: str) -> Period | None:
    """Period that a text states, or None when it is not one.

    Examples
    --------
    >>> parse_period("2014-10")
    Period(start='2014-10', end='2014-10')
    >>> parse_period("../2014-01-16")
    Period(start=None, end='2014-01-16')
    >>> parse_period("2014-13") is None
    True
    """
    parts = text.split("/")
    if len(parts) == 1:
        return Period(text, text) if _is_date(text) else None
    if len(parts) != 2 or parts == ["..", ".."]:
        return None
    if not all(part == ".." or _is_date(part) for part in parts):
        return None
    start, end = (None if part == ".." else part for part in parts)
    if start and end and start[: len(end)] > end[: len(start)]:
        return None
    return Period(start, end)


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if not found or not text.isascii():
        return False
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def years_between(before: str, after: str) -> int | None:
    """Whole years from one stated year to another; None where a period is not within one year."""
    first, second = parse_period(before), parse_period(after)
    if first is None or second is None or first.year is None or second.year is None:
        return None
    return second.year - first.year
