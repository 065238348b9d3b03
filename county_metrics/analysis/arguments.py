"""Arguments of the analyses, each checked for its kind: what was given, what is allowed, what to write; all said at once.

Every check gives the text of a problem, or an empty one; `require` raises those that there are.
"""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, get_args

from county_metrics.analysis.effect import AnalysisError
from county_metrics.errors import nearest

if TYPE_CHECKING:
    import pandas as pd


def require(*problems: str) -> None:
    """Raise what is wrong, if anything is; the same text is said once.

    Raises
    ------
    AnalysisError
    """
    if found := list(dict.fromkeys(problem for problem in problems if problem)):
        raise AnalysisError("\n".join(found))


def frame(data: Any, rows: str) -> str:
    """Problem of what is no DataFrame; `rows` says what a row is, such as "one row a case"."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return ""
    path = isinstance(data, str | os.PathLike)
    advice = "read the file first, by pandas.read_csv" if path else "make one by pandas.DataFrame"
    return f"data is a pandas DataFrame, {rows}, not {_given(data)}; {advice}"


def absent(data: pd.DataFrame, names: Iterable[Any] | Mapping[str, Any]) -> list[str]:
    """Problem of each named column that the DataFrame lacks or holds twice; of a mapping, with the argument that named it."""
    there, found = [str(name) for name in data.columns], []
    for role, name in names.items() if isinstance(names, Mapping) else [("", name) for name in names]:
        who = f"{role}: " if role else ""
        if not isinstance(name, Hashable) or name not in data.columns:
            found.append(f"{who}there is no column {name!r}; {nearest(str(name), there)}")
        elif (data.columns == name).sum() > 1:
            found.append(f"{who}column {name!r} stands in the table twice; rename one")
    return found


def unknown(units: pd.Series[Any], **asked: list[Any]) -> list[str]:
    """Problem of each label that the column of units does not hold, by the argument that asked for it."""
    import pandas as pd

    there = set(units.dropna())
    listed = [str(unit) for unit in there]
    return [
        f"{name}: there is no unit {label!r} in column '{units.name}'; {nearest(str(label), listed)}"
        for name, labels in asked.items()
        for label in labels
        if not pd.api.types.is_scalar(label) or label not in there
    ]


def columns(*, optional: bool = False, **named: Any) -> list[str]:
    """Problem of each argument that cannot name a column; None may stand for none where that is optional."""
    return [_column(name, value) for name, value in named.items() if not (optional and value is None)]


def column_list(name: str, value: Any) -> str:
    """Problem of what names neither one column nor several."""
    if isinstance(value, str):
        return _column(name, value)
    if not _is_list(value):
        return f"{name} is a list of names of columns, such as [] or ['population'], not {_given(value)}"
    return next((wrong for each in value if (wrong := _column(f"each of {name}", each))), "")


def _column(name: str, value: Any) -> str:
    if isinstance(value, str) and value:
        return ""
    numbered = isinstance(value, Real)
    advice = "; where columns are numbered, name them first: data.columns = data.columns.map(str)" if numbered else ""
    return f"{name} is the name of one column, as text, not {_given(value)}{advice}"


def whole(name: str, value: Any, *, example: int, least: int | None = None, optional: bool = False) -> str:
    """Problem of what is no whole number (True and False are none), or one below the least.

    Examples
    --------
    >>> whole("draws", "9", example=9999, least=99)
    "draws is a whole number of at least 99, such as 9999, not the text '9'; write it without quotes"
    """
    right = isinstance(value, Integral) and not isinstance(value, bool) and (least is None or int(value) >= least)
    if right or (optional and value is None):
        return ""
    what = "a whole number" if least is None else f"a whole number of at least {least}"
    return _number(name, what, example, value, optional)


def real(
    name: str, value: Any, *, example: float, above: float = -math.inf, below: float = math.inf, optional: bool = False
) -> str:
    """Problem of what is no finite number, or one at or beyond a bound."""
    right = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and above < float(value) < below
    if right or (optional and value is None):
        return ""
    what = "a finite number" if math.isinf(above) else f"a number above {above:g}"
    return _number(name, what if math.isinf(below) else f"a number between {above:g} and {below:g}", example, value, optional)


def share(name: str, value: Any, *, example: float = 0.95) -> str:
    """Problem of what is no share between 0 and 1, neither of them included."""
    wrong = real(name, value, example=example, above=0, below=1)
    return wrong and _number(name, "a share between 0 and 1", example, value)


def shares(name: str, value: Any, *, example: tuple[float, ...]) -> str:
    """Problem of what is no sequence of shares."""
    wrong = [each for each in value if share(name, each)] if _is_list(value) else value
    right = _is_list(value) and not wrong
    return "" if right else f"{name} are shares between 0 and 1, such as {example}, not {_given(wrong)}"


def _number(name: str, what: str, example: float, value: Any, optional: bool = False) -> str:
    quoted = isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdecimal()
    text = f"{name} is {what}, such as {example}, {'or None, ' if optional else ''}not {_given(value)}"
    return f"{text}; write it without quotes" if quoted else text


def choice(name: str, value: Any, allowed: Any) -> str:
    """Problem of what is none of the texts allowed, given as a tuple or a `Literal`."""
    texts = allowed if isinstance(allowed, tuple) else get_args(allowed)
    if isinstance(value, str) and value in texts:
        return ""
    listed = ", ".join(map(repr, texts[:-1]))
    return f"{name} is {listed} or {texts[-1]!r}, not {repr(value) if isinstance(value, str) else _given(value)}"


def flags(**named: Any) -> list[str]:
    """Problem of each argument that is neither True nor False."""
    wrong = {name: value for name, value in named.items() if type(value).__name__ not in ("bool", "bool_")}
    return [f"{name} is True or False, not {_given(value)}" for name, value in wrong.items()]


def several(name: str, value: Any, what: str, *, optional: bool = False) -> str:
    """Problem of one value, or a text, where a list of values is meant."""
    right = (optional and value is None) or _is_list(value)
    return "" if right else f"{name} is a list of {what}, not {_given(value)}; write {name}=[…]"


def text(name: str, value: Any, *, optional: bool = False) -> str:
    """Problem of what is no text."""
    right = (optional and value is None) or isinstance(value, str)
    return "" if right else f"{name} is a text, not {_given(value)}"


def pair(name: str, value: Any, what: str, *, optional: bool = False) -> str:
    """Problem of what is no pair in order."""
    two = _is_list(value) and not isinstance(value, Set) and len(value) == 2
    right = (optional and value is None) or (two and all(isinstance(each, Hashable) for each in value))
    return "" if right else f"{name} is a pair of {what}, (before, after), not {_given(value)}"


def instance(name: str, value: Any, kind: Any, what: str) -> str:
    """Problem of what is not of a class, or of one of a tuple of them; `what` says where one comes from."""
    return "" if isinstance(value, kind) else f"{name} is {what}, not {_given(value)}"


def _is_list(value: Any) -> bool:
    """Whether it is a list, tuple, range or set, or an array, Series or Index of one dimension; a text is none."""
    listed = isinstance(value, Sequence | Set) and not isinstance(value, str | bytes)
    return listed or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def _given(value: Any) -> str:
    """What was given, in a few words."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, Real):
        return str(value)
    if isinstance(value, str):
        return f"the text {reprlib.repr(str(value))}"
    kind = type(value).__name__
    return f"{reprlib.repr(value)}, a {kind}" if isinstance(value, list | tuple | dict | set) else f"something of type {kind}"
