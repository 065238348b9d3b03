"""CSV and YAML files read strictly, every value with its line and column."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from county_metrics.errors import Problem, nearest

# Control characters, halves of characters, stray byte-order marks, and the line ends that only some editors count.
_UNREADABLE = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# libyaml is ten times as quick, but takes more tabs and headers of text blocks and says less about an error; there the reader
# in Python has the word, so that no file means something else without libyaml.
_SLOW = re.compile(r"\t|[|>][-+\d]*#")
_DEEPEST = 50


@dataclass(slots=True)
class Row:
    """One row of a CSV file: text by column name, and where each value starts."""

    values: dict[str, str]
    path: str
    line: int
    columns: dict[str, int]

    def problem(self, name: str, message: str) -> Problem:
        """A problem at the place of column `name`."""
        return Problem(self.path, self.line, self.columns.get(name, 1), name, message)


@dataclass(slots=True)
class Scalar:
    """A YAML scalar as written: nothing is guessed from its look."""

    text: str
    quoted: bool
    line: int
    column: int


@dataclass(slots=True)
class YamlList:
    """A YAML sequence."""

    items: list[Node]
    line: int
    column: int


@dataclass(slots=True)
class YamlMap:
    """A YAML mapping; `keys` says where each key stands."""

    items: dict[str, Node]
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


Node = Scalar | YamlList | YamlMap


def read_text(path: Path, shown: str, problems: list[Problem], encoding: str = "utf-8") -> str | None:
    """Text of a file in an encoding (utf-8 or gb18030), a byte-order mark accepted; None after reporting a problem."""
    try:
        return path.read_bytes().decode("utf-8-sig" if encoding == "utf-8" else encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        name = encoding.upper()
        problems.append(Problem(shown, 0, 0, "", f"not {name} (byte {error.start + 1}); save the file as {name}"))
    except OSError as error:
        problems.append(Problem(shown, 0, 0, "", f"cannot be read: {(error.strerror or 'unknown').lower()}"))
    return None


def read_csv(path: Path, shown: str, columns: Sequence[str], problems: list[Problem]) -> list[Row]:
    """Rows of a CSV file with exactly the named columns, in any order.

    Parameters
    ----------
    path : Path
        The file.
    shown : str
        How messages name it.
    columns : sequence of str
        The columns it must have.
    problems : list of Problem
        Gets what is wrong; a row with a problem of its own is left out.
    """
    text = read_text(path, shown, problems)
    if text is None:
        return []
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(lines), strict=True)
    rows: list[Row] = []
    header: list[str] = []
    before, last = len(problems), 0
    try:
        for record in reader:
            line, last = last + 1, reader.line_num
            if not record:
                continue
            if last > line:
                message = "a quoted field runs over the end of its line; write it on one line"
                problems.append(Problem(shown, line, 1, "row", message))
                continue
            starts = field_starts(lines[line - 1])
            if not header:
                header = record
                _check_header(header, columns, shown, line, starts, problems)
                if len(problems) > before:
                    return []
                continue
            if len(record) != len(header):
                problems.append(misfit(record, header, shown, line, starts))
                continue
            values = dict(zip(header, record, strict=True))
            rows.append(Row(values, shown, line, dict(zip(header, starts, strict=False))))
    except csv.Error as error:
        problems.append(Problem(shown, reader.line_num, 1, "", f"not a CSV row ({error}); check the quotes"))
    if not header and len(problems) == before:
        problems.append(Problem(shown, 1, 1, "", f"empty; the first row must name the columns {', '.join(columns)}"))
    return rows if header else []


def field_starts(line: str) -> list[int]:
    """Columns, counted from 1, at which the fields of a line of a CSV file start."""
    starts, quoted = [1], False
    for index, sign in enumerate(line):
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            starts.append(index + 2)
    return starts


def _check_header(
    header: list[str], columns: Sequence[str], shown: str, line: int, starts: list[int], problems: list[Problem]
) -> None:
    seen: set[str] = set()
    for name, column in zip(header, starts, strict=False):
        if name in seen:
            problems.append(Problem(shown, line, column, name or "(no name)", "this column stands twice"))
        elif name not in columns:
            problems.append(Problem(shown, line, column, name or "(no name)", f"not a column here; {nearest(name, columns)}"))
        seen.add(name)
    missing = [name for name in columns if name not in seen]
    if missing:
        problems.append(Problem(shown, line, 1, "header", f"misses the columns {', '.join(missing)}"))


def misfit(record: list[str], header: list[str], shown: str, line: int, starts: list[int]) -> Problem:
    """The problem of a row with more or fewer fields than the header."""
    column = starts[len(header)] if len(record) > len(header) and len(starts) > len(header) else 1
    cause = "a stray comma? Put text that holds a comma in double quotes" if len(record) > len(header) else "a comma is missing"
    return Problem(shown, line, column, "row", f"{len(record)} fields where the header has {len(header)}: {cause}")


def plain_form(text: str) -> str | None:
    """ASCII spelling of a value written in full-width or other look-alike characters, if it is."""
    if text.isascii():
        return None
    folded = unicodedata.normalize("NFKC", text)
    ascii_digits = "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in folded)
    return ascii_digits if ascii_digits != text else None


def read_yaml(path: Path, shown: str, problems: list[Problem]) -> YamlMap | None:
    """Mapping at the top of a YAML file; duplicate keys, anchors and aliases are refused.

    Returns None after reporting what is wrong.
    """
    text = read_text(path, shown, problems)
    if text is None:
        return None
    before = len(problems)
    events = _events(text, shown, problems)
    problems += [Problem(shown, *_place(event), "", message) for event, message in _faults(events)]
    if len(problems) > before:
        return None
    tree = _build(iter(events), shown, problems)
    if tree is None:
        problems.append(Problem(shown, 1, 1, "", "empty; it must hold 'key: value' lines"))
    elif not isinstance(tree, YamlMap):
        problems.append(Problem(shown, 1, 1, "", "must hold 'key: value' lines at the top"))
    return tree if isinstance(tree, YamlMap) and len(problems) == before else None


def _events(text: str, shown: str, problems: list[Problem]) -> list[Any]:
    import yaml

    if found := _UNREADABLE.search(text):
        lines = re.split(r"\r\n|\r|\n", text[: found.start()])
        problems.append(Problem(shown, len(lines), len(lines[-1]) + 1, "", _unreadable(found.group())))
        return []
    with suppress(yaml.YAMLError, ValueError):
        if not _SLOW.search(text):
            return list(_shallow(yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))))
    try:
        return list(_shallow(yaml.parse(text, yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark, cause = error.problem_mark or error.context_mark, error.problem or error.context
        message = f"not YAML: {cause}; check brackets, quotes and indentation"
        problems.append(Problem(shown, mark.line + 1, mark.column + 1, "", message))
    except ValueError:
        problems.append(Problem(shown, 1, 1, "", "not YAML: an escape with \\U names no character; write the character itself"))
    return []


def _shallow(events: Iterator[Any]) -> Iterator[Any]:
    from yaml import CollectionEndEvent, CollectionStartEvent, MarkedYAMLError

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            raise MarkedYAMLError(problem=f"nested deeper than {_DEEPEST} levels", problem_mark=event.start_mark)
        yield event


def _faults(events: list[Any]) -> Iterator[tuple[Any, str]]:
    from yaml import events as kinds

    documents = 0
    for event in events:
        documents += isinstance(event, kinds.DocumentStartEvent)
        if documents > 1:
            yield event, "a second document starts here; a file holds one"
            return
        if isinstance(event, kinds.NodeEvent) and event.anchor is not None:
            yield event, "anchors and aliases are not read; write the value out"
        if isinstance(event, kinds.ScalarEvent) and (found := _UNREADABLE.search(event.value)):
            yield event, _unreadable(found.group())


def stray(text: str) -> str | None:
    """What is said of the first character of a text that cannot stand in one; None where all can."""
    found = _UNREADABLE.search(text)
    return _unreadable(found.group()) if found else None


def _unreadable(sign: str) -> str:
    return f"the character U+{ord(sign):04X} cannot stand in a text; take it out"


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _build(events: Iterator[Any], shown: str, problems: list[Problem]) -> Node | None:
    """The node that the next events make, or None at the end of what holds it."""
    from yaml import events as kinds

    event = next(events)
    while isinstance(event, kinds.StreamStartEvent | kinds.DocumentStartEvent):
        event = next(events)
    if isinstance(event, kinds.ScalarEvent):
        return Scalar(event.value, event.style in ("'", '"', "|", ">"), *_place(event))
    if isinstance(event, kinds.SequenceStartEvent):
        return YamlList(list(iter(lambda: _build(events, shown, problems), None)), *_place(event))
    if not isinstance(event, kinds.MappingStartEvent):
        return None
    mapping = YamlMap({}, *_place(event))
    while (key := _build(events, shown, problems)) is not None:
        value = _build(events, shown, problems)
        assert value is not None
        if isinstance(value, Scalar) and not value.text and not value.quoted:
            value.line, value.column = key.line, key.column  # libyaml and the reader in Python place nothing differently
        if not isinstance(key, Scalar):
            problems.append(Problem(shown, key.line, key.column, "", "a key must be plain text"))
        elif key.text in mapping.items:
            message = f"this key stands twice, first in line {mapping.keys[key.text][0]}"
            problems.append(Problem(shown, key.line, key.column, key.text, message))
        else:
            mapping.items[key.text] = value
            mapping.keys[key.text] = (key.line, key.column)
    return mapping
