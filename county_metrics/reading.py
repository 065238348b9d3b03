"""CSV and YAML files read strictly, every value with its line and column."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from county_metrics.errors import Problem, nearest


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


def read_text(path: Path, shown: str, problems: list[Problem]) -> str | None:
    """Text of a UTF-8 file, a byte-order mark accepted; None after reporting a problem."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(Problem(shown, 0, 0, "", f"not UTF-8 (byte {error.start + 1}); save the file as UTF-8"))
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
            starts = _starts(lines[line - 1])
            if not header:
                header = record
                _check_header(header, columns, shown, line, starts, problems)
                if len(problems) > before:
                    return []
                continue
            if len(record) != len(header):
                problems.append(_misfit(record, header, shown, line, starts))
                continue
            values = dict(zip(header, record, strict=True))
            rows.append(Row(values, shown, line, dict(zip(header, starts, strict=False))))
    except csv.Error as error:
        problems.append(Problem(shown, reader.line_num, 1, "", f"not a CSV row ({error}); check the quotes"))
    if not header and len(problems) == before:
        message = f"empty; the first row must name the columns {', '.join(columns)}"
        problems.append(Problem(shown, 1, 1, "", message))
    return rows if header else []


def _starts(line: str) -> list[int]:
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


def _misfit(record: list[str], header: list[str], shown: str, line: int, starts: list[int]) -> Problem:
    column = starts[len(header)] if len(record) > len(header) and len(starts) > len(header) else 1
    cause = "a stray comma? Put text that holds a comma in double quotes" if len(record) > len(header) else "a comma is missing"
    return Problem(shown, line, column, "row", f"{len(record)} fields where the header has {len(header)}: {cause}")


def plain_form(text: str) -> str | None:
    """ASCII spelling of a value written in full-width or other look-alike characters, if it is."""
    folded = unicodedata.normalize("NFKC", text)
    ascii_digits = "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in folded)
    return ascii_digits if ascii_digits != text else None


def read_yaml(path: Path, shown: str, problems: list[Problem]) -> YamlMap | None:
    """Mapping at the top of a YAML 1.2 file; duplicate keys and aliases are refused.

    Returns None after reporting what is wrong.
    """
    text = read_text(path, shown, problems)
    if text is None:
        return None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node = YAML(pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.append(
            Problem(
                shown, line, column, "", f"not YAML: {error.problem or error.context}; check brackets, quotes and indentation"
            )
        )
        return None
    except (YAMLError, ValueError, RecursionError) as error:
        problems.append(Problem(shown, 1, 1, "", f"not YAML: {str(error).splitlines()[0]}"))
        return None
    if node is None:
        problems.append(Problem(shown, 1, 1, "", "empty; it must hold 'key: value' lines"))
        return None
    before = len(problems)
    tree = _convert(node, shown, problems, set())
    if len(problems) > before:
        return None
    if not isinstance(tree, YamlMap):
        problems.append(Problem(shown, 1, 1, "", "must hold 'key: value' lines at the top"))
        return None
    return tree


def _convert(node: object, shown: str, problems: list[Problem], seen: set[int]) -> Node:
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    line, column = node.start_mark.line + 1, node.start_mark.column + 1  # type: ignore[attr-defined]
    if id(node) in seen:
        problems.append(Problem(shown, line, column, "", "anchors and aliases are not read; write the value out"))
        return Scalar("", False, line, column)
    seen.add(id(node))
    if isinstance(node, ScalarNode):
        return Scalar(node.value, node.style in ("'", '"', "|", ">"), line, column)
    if isinstance(node, SequenceNode):
        return YamlList([_convert(item, shown, problems, seen) for item in node.value], line, column)
    assert isinstance(node, MappingNode)
    mapping = YamlMap({}, line, column)
    for key, value in node.value:
        at = (key.start_mark.line + 1, key.start_mark.column + 1)
        name = key.value if isinstance(key, ScalarNode) else None
        if name is None:
            problems.append(Problem(shown, *at, "", "a key must be plain text"))
        elif name in mapping.items:
            problems.append(Problem(shown, *at, name, f"this key stands twice, first in line {mapping.keys[name][0]}"))
        else:
            mapping.items[name] = _convert(value, shown, problems, seen)
            mapping.keys[name] = at
    return mapping
