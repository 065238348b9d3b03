"""Params files and notebook parameters: strict types, known domains, every problem before a kernel starts."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from county_metrics.errors import DataError, ParameterError, Problem, UnknownIdError, nearest
from county_metrics.evidence.load import load_case
from county_metrics.paths import shown
from county_metrics.pipeline.notebook import Parameter, notebook_parameters
from county_metrics.reading import Node, Scalar, YamlMap, plain_form, read_yaml

_KEYS = ("notebook", "title", "parameters")
_RUN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run, fully typed: a notebook and every value of its parameters.

    `given` holds the values the file names, `parameters` those and the notebook's defaults.
    """

    name: str
    title: dict[str, str]
    notebook: Path
    given: dict[str, Any]
    parameters: dict[str, Any]
    kinds: dict[str, str]
    source: str


@dataclass(slots=True)
class _File:
    """A params file being read: where problems about it go."""

    shown: str
    problems: list[Problem]

    def problem(self, node: Node | tuple[int, int], field: str, message: str) -> None:
        line, column = node if isinstance(node, tuple) else (node.line, node.column)
        self.problems.append(Problem(self.shown, line, column, field, message))


def load_runs(root: Path, wanted: Iterable[str] = ()) -> list[RunSpec]:
    """Runs of a project, or those named.

    Parameters
    ----------
    root : Path
        Project root, with ``notebooks`` and ``params``.
    wanted : iterable of str
        Names of runs in ``params/``, or paths of params files; all of ``params/`` when empty.

    Raises
    ------
    ParameterError
        With every problem of every file.
    """
    problems: list[Problem] = []
    found: dict[str, RunSpec] = {}
    for path in _files(root, list(wanted), problems):
        spec = _load(path, root, problems)
        if spec is None:
            continue
        if spec.name in found and found[spec.name].source != spec.source:
            problems.append(
                Problem(spec.source, 0, 0, "", f"a run '{spec.name}' also stands in {found[spec.name].source}; rename one file")
            )
        found[spec.name] = spec
    if problems:
        raise ParameterError(problems)
    return list(found.values())


def _files(root: Path, wanted: list[str], problems: list[Problem]) -> list[Path]:
    folder = root / "params"
    present = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not wanted:
        if not present:
            problems.append(Problem(shown(folder, root), 0, 0, "", "holds no .yaml file; add one that names a notebook"))
        return list(present.values())
    files = []
    for name in wanted:
        if name in present:
            files.append(present[name])
        elif name.endswith((".yaml", ".yml")) or "/" in name:
            files.append(Path(name))
        else:
            problems.append(Problem(name, 0, 0, "", f"is neither a run nor a file; {nearest(name, list(present))}"))
    return files


def _load(path: Path, root: Path, problems: list[Problem]) -> RunSpec | None:
    file = _File(shown(path, root), problems)
    before = len(problems)
    if not _RUN_NAME.fullmatch(path.stem):
        problems.append(
            Problem(file.shown, 0, 0, "", "the file's name becomes the run's: use lower-case ASCII letters, digits, '-' and '_'")
        )
    tree = read_yaml(path, file.shown, problems)
    if tree is None:
        return None
    for key, place in tree.keys.items():
        if key not in _KEYS:
            file.problem(place, key, f"not a key here; {nearest(key, _KEYS)}")
    notebook = _notebook(tree, root, file)
    if notebook is None:
        return None
    declared = notebook_parameters(notebook, shown(notebook, root), problems)
    given = _given(tree, declared, file)
    title = _title(tree, path.stem, file)
    if len(problems) > before:
        return None
    values = {name: given.get(name, parameter.default) for name, parameter in declared.items()}
    kinds = {name: parameter.kind for name, parameter in declared.items()}
    return RunSpec(path.stem, title, notebook, given, values, kinds, file.shown)


def _title(tree: YamlMap, fallback: str, file: _File) -> dict[str, str]:
    node = tree.items.get("title")
    if node is None:
        return {"en": fallback, "zh": fallback}
    if isinstance(node, Scalar) and node.text:
        return {"en": node.text, "zh": node.text}
    if isinstance(node, YamlMap) and set(node.items) == {"en", "zh"} and all(isinstance(n, Scalar) for n in node.items.values()):
        return {key: value.text for key, value in node.items.items() if isinstance(value, Scalar)}
    file.problem(node, "title", "must be text, or 'en' and 'zh' with a text each")
    return {"en": fallback, "zh": fallback}


def _notebook(tree: YamlMap, root: Path, file: _File) -> Path | None:
    node = tree.items.get("notebook")
    present = [f"notebooks/{path.name}" for path in sorted((root / "notebooks").glob("*.ipynb"))]
    if not isinstance(node, Scalar) or not node.text:
        file.problem(node or tree, "notebook", f"must name a notebook; {nearest('', present)}")
        return None
    path = (root / node.text).resolve()
    if Path(node.text).is_absolute() or (root / "notebooks").resolve() not in path.parents:
        file.problem(node, "notebook", f"'{node.text}' lies outside notebooks/; {nearest(node.text, present)}")
    elif not path.is_file() or path.suffix != ".ipynb":
        file.problem(node, "notebook", f"there is no notebook '{node.text}'; {nearest(node.text, present)}")
    else:
        return path
    return None


def _given(tree: YamlMap, declared: dict[str, Parameter], file: _File) -> dict[str, Any]:
    node = tree.items.get("parameters")
    if node is None or (isinstance(node, Scalar) and not node.text and not node.quoted):
        node = YamlMap({}, tree.line, tree.column)
    if not isinstance(node, YamlMap):
        file.problem(node, "parameters", "must hold 'name: value' lines")
        return {}
    values: dict[str, Any] = {}
    for name, value in node.items.items():
        if name not in declared:
            file.problem(node.keys[name], name, f"not a parameter of the notebook; {nearest(name, list(declared))}")
        elif not isinstance(value, Scalar):
            file.problem(value, name, f"must be one value ({_KIND_TEXT[declared[name].kind]})")
        else:
            try:
                values[name] = typed(value.text, declared[name], quoted=value.quoted)
            except ValueError as error:
                file.problem(value, name, str(error))
    places = {name: (n.line, n.column) for name, n in node.items.items()}
    _check_domains(declared, values, places, (node.line, node.column), file)
    return values


_KIND_TEXT = {
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
            raise ValueError(f"is empty; give {_KIND_TEXT[kind]}")
        return text
    pattern, read = _FORMS[kind]
    fault = f"'{text}' is not {_KIND_TEXT[kind]}"
    if quoted and kind != "date":
        raise ValueError(f"'{text}' is in quotes, which makes it text; write {_KIND_TEXT[kind]} without quotes")
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


def _check_domains(
    declared: dict[str, Parameter], values: dict[str, Any], places: dict[str, tuple[int, int]], at: tuple[int, int], file: _File
) -> None:
    """Cases and pairs must exist; a pair is looked for in the case named before it."""
    case = None
    for name, parameter in declared.items():
        if parameter.kind not in ("CaseId", "PairId"):
            continue
        place = places.get(name, at)
        value = values.get(name, parameter.default)
        try:
            if parameter.kind == "CaseId":
                case = None
                case = load_case(value)
            elif case is not None:
                case.pair(value)
        except UnknownIdError as error:
            default = "" if name in values else f"give it: the notebook's default '{value}' does not fit; "
            file.problem(place, name, f"{default}{error}")
        except DataError as error:
            file.problems.extend(error.problems)
