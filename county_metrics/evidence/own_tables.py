"""Tables of a reader's own case: their columns, and what ``case.yaml`` declares of them."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from county_metrics.errors import nearest
from county_metrics.evidence.entry import Entry
from county_metrics.evidence.periods import parse_period
from county_metrics.evidence.schema import DAY_TYPES
from county_metrics.paths import shown
from county_metrics.reading import Node, YamlMap, plain_form, stray

Kind = Literal["id", "text", "date", "period", "start", "number"]


_NUMBER = re.compile(r"[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
_WITH_UNIT = re.compile(r"(-?\d[\d,.]*)\s*([^\d\s.,eE+-]\D*)", re.ASCII)
_LEFT = "correct it, or leave the cell empty if the number is not known"
_MANGLED = re.compile(r"\d(\.\d+)?[eE]\+?\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """A column of a reader's table: how it is read, whether each cell is needed, the least number or an open lower end."""

    name: str
    kind: Kind
    required: bool = False
    least: float | None = None
    above: float | None = None


def _columns(text: str) -> tuple[OwnColumn, ...]:
    """Columns from ``name:kind``, with ``!`` where each cell is needed and ``>=0`` or ``>0`` for the least number."""
    found = re.findall(r"(\w+):(\w+)(!?)(>=0)?(>0)?", text)
    return tuple(
        OwnColumn(name, kind, bool(needed), 0 if least else None, 0 if above else None)
        for name, kind, needed, least, above in found
    )


TABLES = {
    "records": _columns(
        "record_id:id! received_on:date! accepted_on:date closed_on:date deadline:date paused_days:number>=0"
        " stage:text bodies:number>=0 group:text"
    ),
    "series": _columns(
        "place:text! period:period! indicator:text! value:number unit:text numerator:number"
        " denominator:number>0 exposure:number>0"
    ),
    "panel": _columns(
        "county_code:id! period:period! indicator:text! value:number unit:text treatment_start:start weight:number>=0"
    ),
}
NEEDED = {"records": ("record_id", "received_on", "closed_on"), "series": ("period",), "panel": ("county_code", "period")}
"""Columns that a table cannot do without; all others may be absent."""

EXTRA_KINDS = ("text", "number", "date")
ENCODINGS = {"utf-8": "utf-8", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}
"""Encodings by the names they are declared with; gb18030 holds the two older ones."""
_DAYS = ("YYYY-MM-DD", "YYYY/M/D", "YYYY.M.D", "YYYY年M月D日", "YYYYMMDD")
DATE_FORMATS = (*_DAYS, *(f"{day} {time}" for day in _DAYS[:4] for time in ("hh:mm", "hh:mm:ss")), "excel")
PERIOD_FORMATS = "YYYY YYYYQn YYYY-MM YYYY年 YYYY/M YYYY.M YYYY年M月 YYYYMM YYYY年第n季度 whole".split()
_ISO_PERIODS = ("YYYY", "YYYYQn", "YYYY-MM", "YYYY-MM-DD")
_TOKENS = {"YYYY": r"(?P<Y>\d{4})", "MM": r"(?P<M>\d\d)", "M": r"(?P<M>\d{1,2})", "DD": r"(?P<D>\d\d)", "D": r"(?P<D>\d{1,2})",
           "hh": r"(?P<h>\d\d?)", "mm": r"(?P<m>\d\d)", "ss": r"(?P<s>\d\d)", "n": r"(?P<n>[1-4])"}  # fmt: skip
_COMMON = (
    "file encoding header_rows columns extra missing date_format thousands origin extracted_on deidentified calendar"
    " simulated intervention unit"
).split()
_KEYS = {"records": (*_COMMON, "selected_on"), "series": tuple(_COMMON), "panel": (*_COMMON, "never", "code_year")}
_DEMANDED = {
    "records": frozenset(("origin", "extracted_on", "deidentified", "selected_on")),
    "series": frozenset(("origin",)),
    "panel": frozenset(("origin",)),
}


@dataclass(frozen=True)
class OwnTable:
    """What ``case.yaml`` declares of one table; `line` and `column` say where, for messages.

    Attributes
    ----------
    columns : dict
        Name of a column by its header in the file.
    extra : dict
        Kind (text, number, date) of each further column by its name.
    missing, never : frozenset of str
        Cells that mean "not known"; cells of ``treatment_start`` that mean "never treated".
    code_year : str
        Year whose county boundaries all rows use; "each" where codes are those of the row's own period.
    """

    kind: str
    case: str
    path: Path
    encoding: str
    header_rows: int
    columns: dict[str, str]
    extra: dict[str, str]
    missing: frozenset[str]
    date_format: str
    thousands: bool
    unit: str
    intervention: str
    simulated: bool
    never: frozenset[str]
    code_year: str
    declared: dict[str, str]
    yaml: str
    line: int
    column: int

    @property
    def known(self) -> dict[str, OwnColumn]:
        """Every column the file may have, by name."""
        own: dict[str, OwnColumn] = {column.name: column for column in TABLES[self.kind]}
        kinds: dict[str, Kind] = {"text": "text", "number": "number", "date": "date"}
        return own | {name: OwnColumn(name, kinds.get(kind, "text")) for name, kind in self.extra.items()}


def build_tables(tree: YamlMap, case: str, folder: Path, path: str, problems: list[Any]) -> dict[str, OwnTable]:
    """Tables that a ``case.yaml`` declares, by kind; a file that none declares is reported."""
    top = Entry(YamlMap({}, tree.line, tree.column), path, (), problems)
    for kind in TABLES:
        if kind not in tree.items and (folder / f"{kind}.csv").is_file():
            message = f"{kind}.csv lies in the folder but is not declared; add '{kind}:' with its origin to case.yaml"
            top.problem(kind, None, message)
    return {kind: _table(tree.items[kind], kind, case, folder, path, problems) for kind in TABLES if kind in tree.items}


def _table(node: Node, kind: str, case: str, folder: Path, path: str, problems: list[Any]) -> OwnTable:
    keys = _KEYS[kind]
    entry = Entry(node, path, keys, problems, optional=frozenset(keys) - _DEMANDED[kind])
    file = _file(entry, kind, folder)
    extra = {name: entry.among("extra", item, EXTRA_KINDS) for name, item in entry.mapping("extra").items()}
    for name in extra.keys() & {column.name for column in TABLES[kind]}:
        entry.problem("extra", entry.items["extra"], f"'{name}' is a column of every {kind} table; leave it out here")
    formats = DATE_FORMATS if kind == "records" else (*PERIOD_FORMATS, *DATE_FORMATS)
    for name, allowed in (
        ("deidentified", ("true", "false")),
        ("calendar", DAY_TYPES),
        ("selected_on", ("opened", "closed", "all")),
    ):
        entry.one_of(name, allowed)
    entry.period("extracted_on")
    year = entry.text("code_year")
    if year and year != "each" and not re.fullmatch(r"(19|20)\d\d", year, re.ASCII):
        entry.problem("code_year", entry.items["code_year"], f"'{year}' is neither a year such as 2020 nor 'each'")
    return OwnTable(
        kind, case, folder / file, ENCODINGS.get(encoding := entry.one_of("encoding", tuple(ENCODINGS)) or "utf-8", encoding),
        2 if entry.one_of("header_rows", ("1", "2")) == "2" else 1, _names(entry, kind, extra), extra,
        frozenset(entry.texts("missing")) | {""}, entry.one_of("date_format", formats),
        entry.one_of("thousands", ("true", "false")) == "true", entry.text("unit"), _intervention(entry, kind),
        entry.one_of("simulated", ("true", "false")) == "true", frozenset(entry.texts("never")) | {""}, year,
        {name: entry.text(name) for name in ("origin", "extracted_on", "deidentified", "calendar", "selected_on")},
        path, entry.line, entry.column,
    )  # fmt: skip


def _file(entry: Entry, kind: str, folder: Path) -> str:
    name = entry.text("file") or f"{kind}.csv"
    node = entry.items.get("file")
    if not re.fullmatch(r"[^/\\\0]+\.csv", name):
        entry.problem("file", node, f"'{name}' must be the name of a .csv file beside case.yaml")
    elif not (folder / name).is_file():
        there = sorted(path.name for path in folder.glob("*.csv"))
        entry.problem("file", node, f"there is no file '{name}' in {shown(folder)}; {nearest(name, there)}")
    else:
        return name
    return f"{kind}.csv"


def _names(entry: Entry, kind: str, extra: dict[str, str]) -> dict[str, str]:
    known = [*(column.name for column in TABLES[kind]), *extra]
    found: dict[str, str] = {}
    for header, node in entry.mapping("columns").items():
        name = entry.among("columns", node, tuple(known))
        if name in found.values():
            entry.problem("columns", node, f"'{name}' is named for two headers; keep one")
        found[header] = name
    return found


def _intervention(entry: Entry, kind: str) -> str:
    value = entry.text("intervention")
    if not value:
        return ""
    found = parse_period(value)
    if kind == "records" and not (found and found.single):
        entry.problem("intervention", entry.items["intervention"], f"'{value}' is not a date; write 2014-01-17, 2014-01 or 2014")
    elif kind != "records" and not any(read_period(value, form) for form in (*_ISO_PERIODS, "whole")):
        message = f"'{value}' is not a period; write 2014, 2014Q1, 2014-02, 2014-02-01 or a whole number"
        entry.problem("intervention", entry.items["intervention"], message)
    return value


@cache
def _pattern(form: str) -> re.Pattern[str]:
    text = re.sub("YYYY|MM|M|DD|D|hh|mm|ss|n", lambda token: _TOKENS[token.group()], re.escape(form))
    return re.compile(text, re.ASCII)


def read_date(text: str, form: str) -> datetime.datetime | None:
    """Date (and time, where the form has one) that a text writes in a form; None where it does not.

    Examples
    --------
    >>> read_date("2014年1月17日", "YYYY年M月D日"), read_date("41656", "excel"), read_date("2014-02-30", "YYYY-MM-DD")
    (datetime.datetime(2014, 1, 17, 0, 0), datetime.datetime(2014, 1, 17, 0, 0), None)
    """
    if form == "excel":
        # Serials to 60 count a leap day that 1900 did not have.
        number = int(text) if re.fullmatch(r"[1-9]\d{1,5}", text, re.ASCII) else 0
        return datetime.datetime(1899, 12, 30) + datetime.timedelta(number) if number > 60 else None
    if not (found := _pattern(form).fullmatch(text)):
        return None
    part = {name: int(value) for name, value in found.groupdict().items()}
    try:
        return datetime.datetime(part["Y"], part["M"], part["D"], part.get("h", 0), part.get("m", 0), part.get("s", 0))
    except ValueError:
        return None


def read_period(text: str, form: str) -> tuple[str, int] | None:
    """Length (Y, Q, M, D, or W for a plain whole number) and ordinal of a period; years and whole numbers as they are.

    Examples
    --------
    >>> read_period("2014-02", "YYYY-MM"), read_period("1970Q2", "YYYYQn"), read_period("2014", "YYYY")
    (('M', 529), ('Q', 1), ('Y', 2014))
    """
    if form == "whole":
        return ("W", int(text)) if re.fullmatch(r"-?(0|[1-9]\d{0,8})", text, re.ASCII) else None
    if form in DATE_FORMATS:
        date = read_date(text, form)
        return ("D", (date - datetime.datetime(1970, 1, 1)).days) if date else None
    if not (found := _pattern(form).fullmatch(text)):
        return None
    part = {name: int(value) for name, value in found.groupdict().items()}
    if not 1 <= part.get("M", 1) <= 12 or not part["Y"]:
        return None
    if "M" in part:
        return "M", 12 * (part["Y"] - 1970) + part["M"] - 1
    return ("Q", 4 * (part["Y"] - 1970) + part["n"] - 1) if "n" in part else ("Y", part["Y"])


def period_form(texts: Sequence[str], declared: str) -> str:
    """The declared form, or the standard form that most texts have, the first seen of several.

    Examples
    --------
    >>> period_form(["2014", "2014-02", "2014-03"], ""), period_form(["2014", "2014-02"], "")
    ('YYYY-MM', 'YYYY')
    """
    if declared:
        return declared
    counted = Counter(form for text in texts if (form := next((form for form in _ISO_PERIODS if read_period(text, form)), "")))
    return max(counted, key=counted.__getitem__, default="YYYY-MM")


def fitting_form(text: str, forms: Sequence[str]) -> str:
    """Which of some forms of dates or periods a text fits; empty where none does."""
    return next((form for form in forms if (read_date if form in DATE_FORMATS else read_period)(text, form)), "")


def read_cell(word: str, column: OwnColumn, form: str, thousands: bool) -> tuple[Any, str]:
    """Value of a text in a column, and what is wrong with it; `form` is that of dates and periods."""
    if column.kind == "text":
        return word, stray(word) or ""
    # Plain ASCII needs no folding, and a million ids are most of the time of reading.
    folded = None if word.isascii() else plain_form(word)
    if folded is not None and folded.isascii() and re.search(r"\d", folded):
        return None, f"'{word}' holds full-width or look-alike characters; write '{folded}'"
    if column.kind == "id":
        return word, ("" if word.isascii() and word.isprintable() else stray(word)) or _id_fault(word)
    if column.kind == "number":
        return _number(word, column, thousands)
    if column.kind == "date":
        date = read_date(word, form)
        return date, "" if date else _date_fault(word, column, form, DATE_FORMATS)
    found = read_period(word, form)
    return (found[1], "") if found else (None, _date_fault(word, column, form, (*PERIOD_FORMATS, *DATE_FORMATS)))


def _id_fault(word: str) -> str:
    if word.isdecimal():
        return ""
    if _MANGLED.fullmatch(word):
        return f"'{word}' is an id that a spreadsheet has turned into a number; export the column as text"
    if re.fullmatch(r"\d+\.0+", word, re.ASCII):
        return f"'{word}' is an id that was saved as a number; write '{word.partition('.')[0]}'"
    return f"'{word}' begins with a spreadsheet's mark for text; remove it" if word[0] in "'=" else ""


def _number(word: str, column: OwnColumn, thousands: bool) -> tuple[float | None, str]:
    plain = word
    if _THOUSANDS.fullmatch(word):
        plain = word.replace(",", "")
        if not thousands:
            return None, f"'{word}' has separators; write {plain}, or say thousands: true in case.yaml"
    if not _NUMBER.fullmatch(plain):
        if (found := _WITH_UNIT.fullmatch(word)) and found[2].strip():
            return None, f"'{word}' holds more than a number; write {found[1]} and give the unit apart"
        return (
            None,
            f"'{word}' is not a number such as 230 or 1.69; if it marks a missing value, list it under missing in case.yaml",
        )
    value = float(plain)
    if abs(value) == float("inf"):
        return None, f"'{word}' is too large for a number; correct it"
    if column.least is not None and value < column.least:
        return None, f"'{word}' is below {column.least:g}; {_LEFT}"
    if column.above is not None and value <= column.above:
        return None, f"'{word}' must be above {column.above:g}; {_LEFT}"
    return value, ""


def _date_fault(word: str, column: OwnColumn, form: str, forms: Sequence[str]) -> str:
    fault = f"'{word}' is not a {'date' if column.kind == 'date' else 'period'} in the form {form}"
    if other := fitting_form(word, [known for known in forms if known != form]):
        return f"{fault}; write it so, or say date_format: {other} in case.yaml if all are written like this one"
    if column.required:
        return f"{fault}; correct it: every row needs one"
    if column.kind == "start" and (whole := re.fullmatch(r"(\d+)\.0*", word)):
        return f"{fault}; write {whole[1]}, which a program made a decimal number beside empty cells"
    if column.kind == "start":
        return f"{fault}; if it marks a county that is never treated, list it under never in case.yaml"
    return f"{fault}; if it marks a missing value, list it under missing in case.yaml"
