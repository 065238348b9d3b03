"""Rules that a row must keep before it becomes a record; every breach becomes a problem at its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal

from county_metrics.errors import Problem, nearest
from county_metrics.evidence.bounds import Interval, read_printed
from county_metrics.evidence.periods import parse_period
from county_metrics.evidence.schema import QUOTE_LIMIT, Column, Quantifier
from county_metrics.reading import Row, plain_form

_ID = re.compile(r"[a-z][a-z0-9_]*")
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,19})(\.\d{1,20})?")
_COUNT = re.compile(r"[1-9]\d{0,5}")
_READING = re.compile(r"[a-z][a-z0-9_]*=-?\d+(\.\d+)?")
_KNOWN_NOUNS = {
    "units": "a unit",
    "indicators": "an indicator",
    "sources": "a source",
    "quantifiers": "a quantifier",
    "cases": "a case",
    "figures": "a figure",
}


def check_row(row: Row, columns: Sequence[Column], known: Mapping[str, Sequence[str]], problems: list[Problem]) -> bool:
    """Check each value of a row against its column; True when all are good.

    Parameters
    ----------
    row : Row
    columns : sequence of Column
    known : mapping of str to sequence of str
        Ids that a column may refer to, by the name of the table they stand in.
    problems : list of Problem
        Gets what is wrong.
    """
    before = len(problems)
    for column in columns:
        value = row.values[column.name]
        if value != value.strip():
            problems.append(row.problem(column.name, f"'{value}' begins or ends with a space; remove it"))
        elif not value:
            if column.required:
                problems.append(row.problem(column.name, f"empty; {column.description.lower() or 'a value is needed'}"))
        else:
            message = _fault(value, column, known)
            if message:
                problems.append(row.problem(column.name, message))
    return len(problems) == before


def _fault(value: str, column: Column, known: Mapping[str, Sequence[str]]) -> str | None:
    if column.kind != "text" and (folded := plain_form(value)) is not None:
        return f"'{value}' holds full-width or look-alike characters; write '{folded}'"
    if column.kind == "one_of" and value not in column.allowed:
        return f"'{value}' is not allowed; {nearest(value, column.allowed)}"
    if column.kind == "decimal" and not _DECIMAL.fullmatch(value):
        return f"'{value}' is not a plain decimal number; write it like 230 or 1.69, without separators, units or exponent"
    if column.kind == "count" and not _COUNT.fullmatch(value):
        return f"'{value}' is not a whole number from 1"
    if column.kind == "period" and parse_period(value) is None:
        return f"'{value}' is not a date or interval; write 2016, 2014-10, 2014-01-17, 2013/2016 or ../2014-01-16"
    if column.kind == "readings" and not all(_READING.fullmatch(part) for part in value.split(";")):
        return f"'{value}' does not read as id=value;id=value, for example literal=5;loose=4"
    if column.kind == "id" and not _ID.fullmatch(value):
        return f"'{value}' is not an id; use lower-case ASCII letters, digits and underscores, a letter first"
    if column.refers_to:
        for name in value.split() if column.kind == "ids" else [value]:
            if name not in known[column.refers_to]:
                return f"'{name}' is not {_KNOWN_NOUNS[column.refers_to]}; {nearest(name, known[column.refers_to])}"
    return None


def check_figure(row: Row, quantifiers: Mapping[str, Quantifier], problems: list[Problem]) -> bool:
    """Rules of a figure that concern several columns at once; True when all are kept."""
    before = len(problems)
    value = row.values
    _check_quote(row, problems)
    if value["period_basis"] == "none" and value["period"]:
        problems.append(row.problem("period_basis", "'none' although a period is given; say 'stated' or 'inferred'"))
    if value["period_basis"] != "none" and not value["period"]:
        problems.append(
            row.problem("period", f"empty although the period basis is '{value['period_basis']}'; give it or say 'none'")
        )
    if value["role"] in ("before", "after") and not value["pair"]:
        problems.append(row.problem("pair", f"empty although the role is '{value['role']}'; name the pair"))
    if value["pair"] and value["role"] not in ("before", "after"):
        problems.append(row.problem("role", f"'{value['role']}' in a pair; a pair has one before and one after"))
    if (value["quantifier"] == "range") != bool(value["value_hi"]):
        problems.append(row.problem("value_hi", "goes with the quantifier 'range' and only with it"))
    whole = value["unit"] == "percent" and value["kind"] in ("share", "level")
    if whole and not 0 <= Decimal(value["value"]) <= 100:
        problems.append(row.problem("value", f"{value['value']} is not a share; a share lies between 0 and 100 percent"))
    if Decimal(value["step"]) < 0:
        problems.append(row.problem("step", "a rounding step is not negative"))
    elif len(problems) == before:
        _check_printed(row, quantifiers, problems)
    return len(problems) == before


def _check_quote(row: Row, problems: list[Problem]) -> None:
    quote, printed = row.values["quote"], row.values["printed"]
    if len(quote) > QUOTE_LIMIT:
        problems.append(row.problem("quote", f"{len(quote)} characters; a locating phrase has at most {QUOTE_LIMIT}"))
    if _squeezed(printed) not in _squeezed(quote):
        problems.append(row.problem("quote", f"does not hold the printed form '{printed}'"))


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _check_printed(row: Row, quantifiers: Mapping[str, Quantifier], problems: list[Problem]) -> None:
    value, printed = Decimal(row.values["value"]), row.values["printed"]
    words = tuple(word for quantifier in quantifiers.values() for word in quantifier.words)
    form = read_printed(printed, words)
    if form is None:
        return
    step, quantifier = Decimal(row.values["step"]), quantifiers[row.values["quantifier"]]
    named = next((q.id for q in quantifiers.values() if form.word in q.words), "exact")
    # A limit is an upper end by itself, and growth of nothing may mean a fall.
    upper = quantifier.id == "at_most" and (row.values["statistic"] == "limit" or value == 0)
    if named != quantifier.id and not form.word and not upper:
        problems.append(row.problem("quantifier", f"'{quantifier.id}' but no word of the printed form '{printed}' says so"))
        return
    if named != quantifier.id and quantifier.id != "range" and not upper:
        problems.append(
            row.problem("quantifier", f"'{quantifier.id}' but the printed form '{printed}' says '{form.word}' ({named})")
        )
        return
    if step not in (0, form.step) and step < form.step:
        problems.append(
            row.problem("step", f"{step} is finer than the printed form '{printed}', which is rounded to {form.step:f}")
        )
        return
    half = form.step / 2
    said = Interval(form.value - half, form.value + half)
    readings = [Decimal(part.split("=")[1]) for part in row.values["readings"].split(";") if part]
    if value not in said and form.value not in readings:
        problems.append(row.problem("value", f"{value} is outside the bounds of the printed form '{printed}' ({form.value:f})"))


def check_pairs(rows: Sequence[Row], problems: list[Problem], *, whole: bool = True) -> set[str]:
    """Pairs that lack a before or an after, hold one twice, or mix indicators or units; returns their ids.

    With `whole` False some rows could not be read, and a missing half is not reported on top of that.
    """
    broken: set[str] = set()
    pairs: dict[str, list[Row]] = {}
    for row in rows:
        if row.values["pair"]:
            pairs.setdefault(row.values["pair"], []).append(row)
    for name, members in pairs.items():
        found = len(problems)
        for role, other in (("before", "after"), ("after", "before")):
            same = [row for row in members if row.values["role"] == role]
            if not same and whole:
                message = f"'{name}' has {_article(other)} but no {role}; add the figure or leave the pair empty"
                problems.append(members[0].problem("pair", message))
            elif not same:
                broken.add(name)
            problems.extend(row.problem("pair", f"'{name}' has a second {role}; a pair has one of each") for row in same[1:])
        for key in ("indicator", "unit"):
            if len({row.values[key] for row in members}) > 1:
                problems.append(members[-1].problem(key, f"'{members[-1].values[key]}' differs within the pair '{name}'"))
        if len(problems) > found:
            broken.add(name)
    return broken


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def check_unique(rows: Sequence[Row], seen: dict[str, str], problems: list[Problem]) -> None:
    """Ids that stand twice; `seen` maps each id to the first place of it and is extended."""
    for row in rows:
        name = row.values["id"]
        if name in seen:
            problems.append(row.problem("id", f"'{name}' stands twice, first in {seen[name]}; ids are unique over all cases"))
        else:
            seen[name] = f"{row.path}:{row.line}"
