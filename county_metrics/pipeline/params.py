"""Params files: strict types, known domains, every problem before a kernel starts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from county_metrics.errors import DataError, ParameterError, Problem, UnknownIdError, nearest
from county_metrics.evidence.case import Case
from county_metrics.evidence.load import load_case
from county_metrics.paths import shown
from county_metrics.pipeline.matrix import Values, members, read_axes, read_curve
from county_metrics.pipeline.notebook import Parameter, notebook_parameters
from county_metrics.pipeline.spec import RunSpec, choose, file_of, project_files, unknown
from county_metrics.pipeline.typed import ParamsFile, read_value
from county_metrics.reading import Scalar, YamlList, YamlMap, read_yaml

__all__ = ["RunSpec", "load_runs"]

_KEYS = ("notebook", "title", "parameters", "matrix", "curve", "inputs")
_RUN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(slots=True)
class _Project:
    """What several params files share, read once: notebooks and cases; None for a notebook with problems."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    notebooks: dict[Path, dict[str, Parameter] | None] = field(default_factory=dict)
    cases: dict[str, Case | UnknownIdError | DataError] = field(default_factory=dict)

    def declared(self, notebook: Path) -> dict[str, Parameter] | None:
        if notebook not in self.notebooks:
            before = len(self.problems)
            declared = notebook_parameters(notebook, shown(notebook, self.root), self.problems)
            self.notebooks[notebook] = declared if len(self.problems) == before else None
        return self.notebooks[notebook]

    def case(self, name: str) -> Case | UnknownIdError | DataError:
        if name not in self.cases:
            try:
                case = self.cases[name] = load_case(name)
                self.problems += case.check_tables()
            except (UnknownIdError, DataError) as error:
                self.cases[name] = error
        return self.cases[name]


def load_runs(root: Path, wanted: Iterable[str] = ()) -> list[RunSpec]:
    """Runs of a project, or those named.

    Parameters
    ----------
    root : Path
        Project root, with ``notebooks`` and ``params``.
    wanted : iterable of str
        Names of runs, of grids (every member) or of members (``sweep.007``) in ``params/``, or paths of params files;
        all of ``params/`` when empty.

    Raises
    ------
    ParameterError
        With every problem of every file.
    """
    project, names = _Project(root), list(wanted)
    specs = [spec for path in _files(names, project) for spec in _load(path, project)]
    if project.problems:
        raise ParameterError(project.problems)
    return choose(specs, names, root)


def _files(wanted: list[str], project: _Project) -> list[Path]:
    present = project_files(project.root)
    if not wanted:
        if not present:
            folder = shown(project.root / "params", project.root)
            project.problems.append(Problem(folder, 0, 0, "", "holds no .yaml file; add one that names a notebook"))
        return list(present.values())
    files = {name: file_of(name, present) for name in wanted}
    project.problems += [unknown(name, project.root) for name, path in files.items() if path is None]
    return list(dict.fromkeys(path for path in files.values() if path is not None))


def _load(path: Path, project: _Project) -> list[RunSpec]:
    """The run of a file, or the members of its grid; none after reporting what is wrong."""
    file = ParamsFile(shown(path, project.root), project.problems)
    before = len(file.problems)
    if not _RUN_NAME.fullmatch(path.stem):
        file.problem((0, 0), "", "the file's name becomes the run's: use lower-case ASCII letters, digits, '-' and '_'")
    tree = read_yaml(path, file.shown, file.problems)
    if tree is None:
        return []
    for key, place in tree.keys.items():
        if key not in _KEYS:
            file.problem(place, key, f"not a key here; {nearest(key, _KEYS)}")
    title, inputs, curve = _title(tree, path.stem, file), _inputs(tree, project.root, file), read_curve(tree, file)
    notebook = _notebook(tree, project.root, file)
    declared = project.declared(notebook) if notebook else None
    if notebook is None or declared is None:
        return []
    written = _parameters(tree, file)
    given = _given(written, declared, file)
    axes = read_axes(tree.items.get("matrix"), declared, written.items, file)
    _check_domains(declared, given | axes, (written.line, written.column), file, project)
    if len(file.problems) > before:
        return []
    values = {name: found[0][0] for name, found in given.items()}
    defaults = {name: parameter.default for name, parameter in declared.items()}
    kinds = {name: parameter.kind for name, parameter in declared.items()}
    base = RunSpec(path.stem, title, notebook, values, defaults | values, kinds, file.shown, inputs=inputs)
    return members(base, {name: tuple(v for v, _ in found) for name, found in axes.items()}, curve) if axes else [base]


def _title(tree: YamlMap, fallback: str, file: ParamsFile) -> dict[str, str]:
    node = tree.items.get("title")
    if node is None:
        return {"en": fallback, "zh": fallback}
    if isinstance(node, Scalar) and node.text:
        return {"en": node.text, "zh": node.text}
    if isinstance(node, YamlMap) and set(node.items) == {"en", "zh"} and all(isinstance(n, Scalar) for n in node.items.values()):
        return {key: value.text for key, value in node.items.items() if isinstance(value, Scalar)}
    file.problem(node, "title", "must be text, or 'en' and 'zh' with a text each")
    return {"en": fallback, "zh": fallback}


def _inputs(tree: YamlMap, root: Path, file: ParamsFile) -> tuple[str, ...]:
    node = tree.items.get("inputs", YamlList([], 0, 0))
    if not isinstance(node, YamlList):
        file.problem(node, "inputs", "must be a list of files or folders, such as [extra/weather.csv]")
        return ()
    found: dict[str, None] = {}
    for item in node.items:
        text = item.text if isinstance(item, Scalar) else ""
        name = Path(os.path.normpath(text)).as_posix()
        if not text or Path(text).is_absolute() or name == "." or name.split("/")[0] == "..":
            file.problem(item, "inputs", f"'{text}' must be the path of a file or folder inside the project, from its root")
        elif not os.path.exists(root / name):
            beside = [path.relative_to(root).as_posix() for path in sorted(_existing(root / name).glob("*"))]
            file.problem(item, "inputs", f"there is no file or folder '{text}' in the project; {nearest(name, beside)}")
        elif name in found:
            file.problem(item, "inputs", f"'{text}' stands twice in the list; remove one")
        found[name] = None
    return tuple(found)


def _existing(path: Path) -> Path:
    """The nearest folder above a path that is there."""
    return next(folder for folder in path.parents if os.path.isdir(folder))


def _notebook(tree: YamlMap, root: Path, file: ParamsFile) -> Path | None:
    node = tree.items.get("notebook")
    present = [f"notebooks/{path.name}" for path in sorted((root / "notebooks").glob("*.ipynb"))]
    if not isinstance(node, Scalar) or not node.text:
        file.problem(node or tree, "notebook", f"must name a notebook; {nearest('', present)}")
        return None
    # A character that no path may hold would raise.
    path = (root / re.sub("[\0\ud800-\udfff]", "?", node.text)).resolve()
    if Path(node.text).is_absolute() or (root / "notebooks").resolve() not in path.parents:
        file.problem(node, "notebook", f"'{node.text}' lies outside notebooks/; {nearest(node.text, present)}")
    elif not os.path.isfile(path) or path.suffix != ".ipynb":
        file.problem(node, "notebook", f"there is no notebook '{node.text}'; {nearest(node.text, present)}")
    else:
        return path
    return None


def _parameters(tree: YamlMap, file: ParamsFile) -> YamlMap:
    node = tree.items.get("parameters")
    if isinstance(node, YamlMap):
        return node
    if node is not None and not (isinstance(node, Scalar) and not node.text and not node.quoted):
        file.problem(node, "parameters", "must hold 'name: value' lines")
    return YamlMap({}, tree.line, tree.column)


def _given(written: YamlMap, declared: dict[str, Parameter], file: ParamsFile) -> dict[str, Values]:
    values: dict[str, Values] = {}
    for name, node in written.items.items():
        if name not in declared:
            file.problem(written.keys[name], name, f"not a parameter of the notebook; {nearest(name, list(declared))}")
        else:
            value = read_value(node, declared[name], file)
            values[name] = [] if value is None else [(value, (node.line, node.column))]
    return values


def _check_domains(
    declared: dict[str, Parameter], values: dict[str, Values], at: tuple[int, int], file: ParamsFile, project: _Project
) -> None:
    """Cases and pairs must exist; a pair is looked for in every case that the parameter before it may name.

    One problem a value; what could not be read at all has no values and is left alone.
    """
    cases: list[Case] = []
    for name, parameter in declared.items():
        default = "" if name in values else f"give it: the notebook's default '{parameter.default}' does not fit; "
        candidates = values.get(name, [(parameter.default, at)])
        if parameter.kind == "CaseId":
            found = [(project.case(value), place) for value, place in candidates]
            cases = [case for case, _ in found if isinstance(case, Case)]
            for fault, place in found:
                if isinstance(fault, UnknownIdError):
                    file.problem(place, name, f"{default}{fault}")
                elif isinstance(fault, DataError):
                    file.problems.extend(fault.problems)
        elif parameter.kind == "PairId":
            for value, place in candidates:
                missing = next((text for case in cases if (text := _missing(case, value))), "")
                if missing:
                    file.problem(place, name, f"{default}{missing}")


def _missing(case: Case, pair: str) -> str:
    try:
        case.pair(pair)
    except UnknownIdError as error:
        return str(error)
    return ""
