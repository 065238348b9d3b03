"""Values of parameters from their text in a params file; nothing is guessed from the text's look."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from county_metrics.errors import Problem, nearest
from county_metrics.pipeline.notebook import Parameter
from county_metrics.reading import Node, Scalar, plain_form


@dataclass(slots=True)
class ParamsFile:
    """A params file being read: where problems about it go."""

    shown: str
    problems: list[Problem]

    def problem(self, node: Node | tuple[int, int], field: str, message: str) -> None:
        """Add a problem at a place of the file."""
        line, column = node if isinstance(node, tuple) else (node.line, node.column)
        self.problems.append(Problem(self.shown, line, column, field, message))


KIND_TEXT = {
    "int": "a whole number such as 3",
    "float": "a number such as 1.5",
    "str": "text",
    "bool": "true or false",
    "date": "a date such as 2014-01-17",
    "Choice": "one of the choices",
    "CaseId": "the id of a case, or the folder of your own",
    "PairId": "the id of a before/after pair of the case",
}
_FORMS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "int": (r"[+-]?\d+", int),
    "float": (r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", float),
    "bool": (r"true|false", lambda text: text == "true"),
    "date": (r"\d{4}-\d{2}-\d{2}", lambda text: datetime.date.fromisoformat(text).isoformat()),
}


def typed(text: str, parameter: Parameter, *, quoted: bool = False) -> Any:
    """Value of a parameter from its text; nothing is guessed from the text's look.

    Parameters
    ----------
    text : str
        As written in the file.
    parameter : Parameter
        What the notebook declares.
    quoted : bool
        Whether it was written in quotes, which makes it text.

    Raises
    ------
    ValueError
        If it is not of the declared kind; the message says what is allowed.

    Examples
    --------
    >>> typed("3", Parameter("years", "int", 1))
    3
    >>> typed("3y", Parameter("years", "int", 1))
    Traceback (most recent call last):
    ValueError: '3y' is not a whole number such as 3
    """
    kind = parameter.kind
    if kind == "Choice" and text not in parameter.choices:
        raise ValueError(f"'{text}' is not a choice; {nearest(text, parameter.choices)}")
    if kind not in _FORMS:
        if not text:
            raise ValueError(f"is empty; give {KIND_TEXT[kind]}")
        return text
    pattern, read = _FORMS[kind]
    fault = f"'{text}' is not {KIND_TEXT[kind]}"
    if quoted and kind != "date":
        raise ValueError(f"'{text}' is in quotes, which makes it text; write {KIND_TEXT[kind]} without quotes")
    if not (text.isascii() and re.fullmatch(pattern, text)):
        folded = plain_form(text)
        raise ValueError(fault + (f"; it holds full-width characters, write {folded}" if folded else ""))
    try:
        value = read(text)
    except ValueError:
        raise ValueError(fault) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{fault}; it is too large")
    return value


def read_value(node: Node, parameter: Parameter, file: ParamsFile) -> Any:
    """Typed value of a node, or None after reporting what is wrong."""
    if not isinstance(node, Scalar):
        file.problem(node, parameter.name, f"must be one value ({KIND_TEXT[parameter.kind]})")
        return None
    try:
        return typed(node.text, parameter, quoted=node.quoted)
    except ValueError as error:
        file.problem(node, parameter.name, str(error))
        return None
