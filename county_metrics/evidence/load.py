"""Loading the curated data and a reader's own case: validated records, all problems at once, no pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from county_metrics.errors import DataError, Problem, unknown_id
from county_metrics.evidence.bounds import bounds
from county_metrics.evidence.case import Case, build_case, build_sources
from county_metrics.evidence.check import check_figure, check_pairs, check_row, check_unique
from county_metrics.evidence.schema import (
    FIGURES,
    INDICATORS,
    QUANTIFIERS,
    UNITS,
    Column,
    Figure,
    Indicator,
    Place,
    Quantifier,
    Source,
    Unit,
)
from county_metrics.paths import data_root, project_root, shown
from county_metrics.reading import Row, read_csv, read_yaml

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What figures may refer to: units, quantifiers, indicators, sources, each by id."""

    units: dict[str, Unit]
    quantifiers: dict[str, Quantifier]
    indicators: dict[str, Indicator]
    sources: dict[str, Source]

    def ids(self) -> dict[str, tuple[str, ...]]:
        """Ids by table."""
        return {name: tuple(getattr(self, name)) for name in ("units", "quantifiers", "indicators", "sources")}


def _table(path: Path, columns: tuple[Column, ...], known: dict[str, tuple[str, ...]], problems: list[Problem]) -> list[Row]:
    rows = read_csv(path, shown(path), [column.name for column in columns], problems)
    check_unique(rows, {}, problems)
    return [row for row in rows if check_row(row, columns, known, problems)]


def _by_id(rows: Iterable[Row], build: Callable[[Row], Record]) -> dict[str, Record]:
    return {row.values["id"]: build(row) for row in rows}


def _two(row: Row, name: str) -> dict[str, str]:
    return {"en": row.values[f"{name}_en"], "zh": row.values[f"{name}_zh"]}


def _optional(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _unit(row: Row) -> Unit:
    return Unit(row.values["id"], _two(row, "label"), row.values["dimension"])


def _quantifier(row: Row) -> Quantifier:
    hard, soft = ((_optional(row.values[f"{kind}_low"]), _optional(row.values[f"{kind}_high"])) for kind in ("hard", "soft"))
    return Quantifier(row.values["id"], tuple(row.values["words"].split()), _two(row, "label"), hard, soft)


def _indicator(row: Row) -> Indicator:
    v = row.values
    return Indicator(
        v["id"], _two(row, "label"), v["unit"], v["direction"], v["scale"], v["nature"], v["day_type"], _two(row, "definition"),
        tuple(v["comparable_to"].split()),
    )  # fmt: skip


def load_vocabulary(problems: list[Problem], folder: Path | None = None, base: Vocabulary | None = None) -> Vocabulary:
    """Vocabularies and sources of a data folder, added to those of `base`.

    Parameters
    ----------
    problems : list of Problem
        Gets what is wrong; the records without fault are returned all the same.
    folder : Path, optional
        The data folder; the curated one by default.
    base : Vocabulary, optional
        Vocabulary that the folder's adds to (a reader's case adds to the curated one).
    """
    root = folder or data_root()
    start = base or Vocabulary({}, {}, {}, {})
    units, quantifiers, indicators = dict(start.units), dict(start.quantifiers), dict(start.indicators)
    known = start.ids()
    if (path := root / "vocab" / "units.csv").exists() or base is None:
        units |= _by_id(_table(path, UNITS, known, problems), _unit)
    if (path := root / "vocab" / "quantifiers.csv").exists() or base is None:
        quantifiers |= _by_id(_table(path, QUANTIFIERS, known, problems), _quantifier)
    if (path := root / "vocab" / "indicators.csv").exists() or base is None:
        rows = read_csv(path, shown(path), [column.name for column in INDICATORS], problems)
        known = known | {"units": tuple(units), "indicators": (*indicators, *(row.values["id"] for row in rows))}
        check_unique(rows, {}, problems)
        indicators |= _by_id([row for row in rows if check_row(row, INDICATORS, known, problems)], _indicator)
    sources = dict(start.sources)
    if (path := root / "sources.yaml").exists() or base is None:
        tree = read_yaml(path, shown(path), problems)
        sources |= build_sources(tree, shown(path), problems) if tree else {}
    return Vocabulary(units, quantifiers, indicators, sources)


_AS_WRITTEN = tuple("id statistic role kind accrual denominator period period_basis base_period printed quote pair".split())


def _figure(row: Row, case: str, words: Vocabulary) -> Figure:
    v = row.values
    value, step, value_hi = Decimal(v["value"]), Decimal(v["step"]), _optional(v["value_hi"])
    quantifier = words.quantifiers[v["quantifier"]]
    readings = tuple((name, Decimal(number)) for name, number in (part.split("=") for part in v["readings"].split(";") if part))
    refers: dict[str, Any] = {
        "indicator": words.indicators[v["indicator"]], "unit": words.units[v["unit"]], "quantifier": quantifier,
        "source": words.sources[v["source"]], "place": Place(row.path, row.line, row.columns),
    }  # fmt: skip
    numbers: dict[str, Any] = {
        "value": value, "value_hi": value_hi, "step": step, "bounds": bounds(value, quantifier, step, value_hi),
        "slot": int(v["slot"]) if v["slot"] else None, "readings": readings,
    }  # fmt: skip
    texts: dict[str, Any] = {name: v[name] for name in _AS_WRITTEN}
    return Figure(case=case, scope=_two(row, "scope"), note=_two(row, "note"), **texts, **numbers, **refers)


def load_figures(path: Path, case: str, words: Vocabulary, problems: list[Problem], seen: dict[str, str]) -> tuple[Figure, ...]:
    """Figures of one ``figures.csv``; rows with a fault are reported and left out."""
    rows = read_csv(path, shown(path), [column.name for column in FIGURES], problems)
    check_unique(rows, seen, problems)
    good = [row for row in rows if check_row(row, FIGURES, words.ids(), problems)]
    good = [row for row in good if check_figure(row, words.quantifiers, problems)]
    whole = not any(problem.path == shown(path) and problem.field == "row" for problem in problems)
    broken = check_pairs(rows, problems, whole=whole)
    return tuple(_figure(row, case, words) for row in good if row.values["pair"] not in broken)


def load_folder(folder: Path, words: Vocabulary, problems: list[Problem], seen: dict[str, str]) -> Case | None:
    """Case of a folder, or None after reporting that its ``case.yaml`` cannot be read."""
    path = folder / "case.yaml"
    tree = read_yaml(path, shown(path), problems)
    if tree is None:
        return None
    found = folder / "figures.csv"
    name = tree.items["id"].text if "id" in tree.items and hasattr(tree.items["id"], "text") else folder.name
    figures = load_figures(found, name, words, problems, seen) if found.exists() else ()
    return build_case(tree, path, figures, words.sources, problems)


def case_ids() -> tuple[str, ...]:
    """Ids of the curated cases, in alphabetical order; nothing is parsed."""
    return tuple(sorted(path.parent.name for path in (data_root() / "cases").glob("*/case.yaml")))


def case_folder(case: str) -> Path:
    """Folder of a curated case by id, or of a reader's own by path.

    A relative path is taken from the project root.

    Raises
    ------
    UnknownIdError
        If it is neither.
    """
    curated = data_root() / "cases" / case
    if case and "/" not in case and _is_file(curated / "case.yaml"):
        return curated
    folder = project_root() / case
    if _is_file(folder / "case.yaml"):
        return folder
    raise _unknown_case(case)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _unknown_case(case: str) -> Exception:
    """The error for a case that is neither an id nor a folder with a ``case.yaml``."""
    error = unknown_id("case", case, case_ids())
    return type(error)(f"{error}; or the path of a folder that holds a case.yaml")


def load_case(case: str | Path) -> Case:
    """Load a case with its figures and pairs.

    Parameters
    ----------
    case : str or Path
        Id of a curated case, or a folder with a ``case.yaml`` of your own.

    Returns
    -------
    Case

    Raises
    ------
    UnknownIdError
        If there is no such case.
    DataError
        If its files break the rules; every problem is named with file, line and column.

    Examples
    --------
    >>> load_case("jiashan").pair("investment_approval_time").before.printed
    '230个工作日'
    """
    folder = case_folder(str(case))
    problems: list[Problem] = []
    words = load_vocabulary(problems)
    if folder.parent != data_root() / "cases":
        words = load_vocabulary(problems, folder, words)
    loaded = load_folder(folder, words, problems, {})
    if problems or loaded is None:
        raise DataError(problems)
    return loaded
