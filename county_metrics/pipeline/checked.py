"""What was already found right: the typed runs of a project, kept by the content of everything that was checked.

With nothing changed no YAML, notebook or data file is parsed, and no library for that is imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from county_metrics.errors import DataError, ParameterError, Problem
from county_metrics.paths import PACKAGE, data_root, shown
from county_metrics.pipeline.spec import Grid, RunSpec, choose, file_of, project_files

_KEPT = 8
_PLAIN = ("name", "title", "given", "parameters", "kinds", "source", "choice", "inputs")
_Runs = tuple[list[RunSpec], list[RunSpec]]


def checked_specs(
    root: Path, wanted: Iterable[str], cache: Path, check: Callable[[], list[Problem]], *, write: bool = True
) -> _Runs:
    """Runs asked for (as for `load_runs`) and every run of a project, checked now or known to be right.

    `cache` is the folder of what was found right, and need not exist; `check` gives the problems of the data, and is called
    only if something changed; `write` lets a good check be remembered.

    Raises
    ------
    ParameterError, DataError
        With every problem of the data and the params files.
    """
    names = list(wanted)
    present = project_files(root)
    by_path = sorted({name for name in names if name not in present and file_of(name, present) == Path(name)})
    key = _key(root, by_path)
    found = _remembered(cache / f"{key}.jsonl", root)
    if found is None:
        found, own = _check(root, by_path, check)
        if write and own is not None and key == _key(root, by_path):
            _remember(cache / f"{key}.jsonl", {"runs": [pack(runs, root) for runs in found], "own": own})
    everything, beside = found
    return choose([*everything, *beside], names, root), everything


def _key(root: Path, by_path: list[str]) -> str:
    """Digest of everything that a check reads, but for readers' own cases, which only the check finds."""
    # The same files may be judged otherwise by another Python or another library.
    files = [(f"lock {sys.version}", str(root / "requirements.lock"))]
    places = {"params": ".yaml", "notebooks": ".ipynb", "accepted": ".json"}
    files += [(f"{place}{name}", path) for place, ending in places.items() for name, path in _files(root / place, ending)]
    files += [(f"data{name}", path) for name, path in _files(data_root(), "")]
    files += [(f"package{name}", path) for name, path in _files(PACKAGE, (".py", ".toml"))]
    return _digest([*files, *((f"{name}:{shown(Path(name), root)}", name) for name in by_path)])


def _files(folder: Path, endings: str | tuple[str, ...], *, deep: bool = True) -> Iterator[tuple[str, str]]:
    """Files below a folder, by name within it, in a fixed order."""
    start = str(folder)
    for place, folders, names in os.walk(start, followlinks=True):
        folders[:] = sorted(folders) if deep else []
        paths = [os.path.join(place, name) for name in sorted(names) if name.endswith(endings)]
        yield from ((path[len(start) :], path) for path in paths)


def _digest(files: Iterable[tuple[str, str]]) -> str:
    total = hashlib.sha256()
    for name, path in files:
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            content = b""
            name += ":unreadable"
        total.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return total.hexdigest()


def _own_case(folder: Path) -> str:
    """Digest of what is read of a reader's own case."""
    return _digest([*_files(folder, (".yaml", ".csv"), deep=False), *_files(folder / "vocab", "", deep=False)])


def _check(root: Path, by_path: list[str], check: Callable[[], list[Problem]]) -> tuple[_Runs, dict[str, str] | None]:
    """Runs, all checked, and the digests of the own cases they use; None if one was being edited meanwhile."""
    data = check()
    own: dict[str, str] = {}
    while True:
        problems: list[Problem] = []
        everything = _load(root, [], problems)
        found = everything, (_load(root, by_path, problems) if by_path else [])
        if problems:
            raise ParameterError([*data, *problems])
        if data:
            raise DataError(data)
        now = {folder: _own_case(root / folder) for folder in _own_folders([*found[0], *found[1]], root)}
        # Which folders there are is known only now: what was read of them counts if they were the same before.
        if now.keys() <= own.keys():
            return found, now if now == own else None
        own = now


def _load(root: Path, names: list[str], problems: list[Problem]) -> list[RunSpec]:
    from county_metrics.pipeline.params import load_runs

    try:
        return load_runs(root, names)
    except ParameterError as error:
        problems += error.problems
        return []


def _own_folders(runs: list[RunSpec], root: Path) -> list[str]:
    named = {str(run.parameters[name]) for run in runs for name, kind in run.kinds.items() if kind == "CaseId"}
    return sorted(name for name in named if (root / name).is_dir())


def pack(runs: list[RunSpec], root: Path) -> list[Any]:
    """Runs as JSON values, without the machine's paths."""
    home = (root / "notebooks").resolve()
    grids = {run.stem: (run.grid.title, run.grid.axes, run.grid.curve) for run in runs if run.grid}
    notebooks = [run.notebook.relative_to(home).as_posix() for run in runs]
    rows = [
        ([getattr(run, name) for name in _PLAIN], notebook, run.grid and run.grid.name)
        for run, notebook in zip(runs, notebooks, strict=True)
    ]
    return [grids, rows]


def unpack(kept: list[Any], root: Path) -> list[RunSpec]:
    """The runs that `pack` packed."""
    home = (root / "notebooks").resolve()
    grids = {
        name: Grid(name, title, {axis: tuple(values) for axis, values in axes.items()}, curve)
        for name, (title, axes, curve) in kept[0].items()
    }
    runs = []
    for values, notebook, grid in kept[1]:
        plain = dict(zip(_PLAIN, values, strict=True))
        plain["inputs"] = tuple(plain["inputs"])
        runs.append(RunSpec(notebook=home / notebook, grid=grids.get(grid), **plain))
    return runs


def _remembered(path: Path, root: Path) -> _Runs | None:
    """What was found right, if the file is whole and what it names outside the project's folders is as it was."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if head != hashlib.sha256(body).hexdigest().encode():
        return None
    kept = json.loads(body)
    everything, beside = (unpack(runs, root) for runs in kept["runs"])
    there = all(os.path.exists(root / name) for name in {name for run in [*everything, *beside] for name in run.inputs})
    same = all(_own_case(root / folder) == digest for folder, digest in kept["own"].items())
    return (everything, beside) if there and same else None


def _remember(path: Path, kept: dict[str, Any]) -> None:
    """Write what was found right in one step, its digest first; where that fails the next build checks again."""
    from county_metrics.pipeline.store import write_text

    body = json.dumps(kept, separators=(",", ":"))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}")
        newest = sorted(path.parent.iterdir(), key=lambda other: other.stat().st_mtime_ns, reverse=True)
        for other in newest[_KEPT:]:
            other.unlink()
