"""Runs as typed values, and which of them a name means; light, so that a report with nothing to do starts quickly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from county_metrics.errors import ParameterError, Problem, nearest
from county_metrics.paths import shown


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination of some parameters' values, a run each; `curve` names the result drawn over it, if any."""

    name: str
    title: dict[str, str]
    axes: dict[str, tuple[Any, ...]]
    curve: str


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run, fully typed: a notebook and every value of its parameters.

    `given` holds the values the file names, `parameters` those and the notebook's defaults. A member of a grid has its
    own values in `choice` too. `inputs` are what the notebook may read beyond the data and its case.
    """

    name: str
    title: dict[str, str]
    notebook: Path
    given: dict[str, Any]
    parameters: dict[str, Any]
    kinds: dict[str, str]
    source: str
    grid: Grid | None = None
    choice: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Name of the params file: the grid's, or the run's own."""
        return self.grid.name if self.grid else self.name


def chosen(choice: Mapping[str, Any], between: str = ", ", is_: str = " ") -> str:
    """Values of a member as text.

    Examples
    --------
    >>> chosen({"years": 3, "step": "printed"})
    'years 3, step printed'
    """
    return between.join(f"{name}{is_}{str(v).lower() if isinstance(v, bool) else v}" for name, v in choice.items())


def project_files(root: Path) -> dict[str, Path]:
    """Params files of a project by name."""
    return {path.stem: path for path in sorted((root / "params").glob("*.yaml"))}


def file_of(name: str, present: Mapping[str, Path]) -> Path | None:
    """Params file that a run, a grid, a member of one or a path stands for."""
    if name in present:
        return present[name]
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    return present.get(name.rpartition(".")[0])


def unknown(name: str, root: Path, specs: Iterable[RunSpec] = ()) -> Problem:
    """The problem of a name that means nothing; members are offered where it begins like their grid."""
    members = [spec.name for spec in specs if spec.grid and name.startswith(f"{spec.stem}.")]
    return Problem(name, 0, 0, "", f"is neither a run nor a file; {nearest(name, [*project_files(root), *members])}")


def choose(specs: list[RunSpec], wanted: list[str], root: Path) -> list[RunSpec]:
    """The runs that names of runs, grids, members or files mean; all when none is named.

    Raises
    ------
    ParameterError
        For a name that means nothing, and for two files of one name.
    """
    index: dict[str, list[RunSpec]] = {}
    for spec in specs:
        for key in {spec.name, spec.stem, spec.source}:
            index.setdefault(key, []).append(spec)
    found = [index.get(name) or index.get(shown(Path(name), root), []) for name in wanted]
    problems = [unknown(name, root, specs) for name, runs in zip(wanted, found, strict=True) if not runs]
    files: dict[str, str] = {}
    result = [spec for runs in found for spec in runs] if wanted else specs
    for spec in result:
        other = files.setdefault(spec.stem, spec.source)
        if other != spec.source:
            problems.append(Problem(spec.source, 0, 0, "", f"a run '{spec.stem}' also stands in {other}; rename one file"))
    if problems:
        raise ParameterError(problems)
    return list({spec.name: spec for spec in result}.values())
