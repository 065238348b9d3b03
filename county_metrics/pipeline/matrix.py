"""A matrix in a params file: lists of values for some parameters, every combination a run."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from county_metrics.errors import nearest
from county_metrics.pipeline.notebook import Parameter
from county_metrics.pipeline.spec import Grid, RunSpec, chosen
from county_metrics.pipeline.typed import KIND_TEXT, ParamsFile, read_value
from county_metrics.reading import Node, Scalar, YamlList, YamlMap

LIMIT = 10_000
"""Runs that one matrix may make."""

Values = list[tuple[Any, tuple[int, int]]]
"""Values of a parameter, each with its line and column."""

_RESULT_NAME = re.compile(r"[a-z][a-z0-9_]*")


def read_axes(node: Node | None, declared: dict[str, Parameter], taken: Mapping[str, Any], file: ParamsFile) -> dict[str, Values]:
    """Axes of a matrix with their typed values; a name in `taken` stands under ``parameters`` already.

    An axis with a problem keeps the values that can be read.
    """
    if node is None:
        return {}
    if not isinstance(node, YamlMap) or not node.items:
        file.problem(node, "matrix", "must hold 'name: [value, value]' lines")
        return {}
    axes: dict[str, Values] = {}
    for name, listed in node.items.items():
        axes[name] = []
        if name not in declared:
            free = [other for other in declared if other not in taken]
            file.problem(node.keys[name], name, f"not a parameter of the notebook; {nearest(name, free)}")
        elif name in taken:
            file.problem(node.keys[name], name, "stands under 'parameters' too; keep it in one of the two")
        elif not isinstance(listed, YamlList) or not listed.items:
            file.problem(listed, name, f"must be a list with at least one value (each {KIND_TEXT[declared[name].kind]})")
        else:
            axes[name] = _values(listed, declared[name], file)
    count = math.prod(len(listed.items) for listed in node.items.values() if isinstance(listed, YamlList))
    if count > LIMIT:
        file.problem(node, "matrix", f"makes {count:,} runs, {LIMIT:,} are allowed; shorten a list or make two files of it")
    return axes


def _values(listed: YamlList, parameter: Parameter, file: ParamsFile) -> Values:
    places: dict[Any, tuple[int, int]] = {}
    for node in listed.items:
        value = read_value(node, parameter, file)
        if value in places:
            file.problem(node, parameter.name, f"'{chosen({'': value}, is_='')}' stands twice in the list; remove one")
        elif value is not None:
            places[value] = (node.line, node.column)
    return list(places.items())


def read_curve(tree: YamlMap, file: ParamsFile) -> str:
    """Name of the result that is drawn over the grid, or nothing."""
    node = tree.items.get("curve")
    if node is None:
        return ""
    text = node.text if isinstance(node, Scalar) else ""
    if not _RESULT_NAME.fullmatch(text):
        file.problem(node, "curve", "must be the name of a result: lower-case ASCII letters, digits and '_', a letter first")
    elif "matrix" not in tree.items:
        file.problem(node, "curve", "is drawn over the runs of a matrix, and there is none; add 'matrix:' or remove it")
    return text


def members(base: RunSpec, axes: Mapping[str, tuple[Any, ...]], curve: str) -> list[RunSpec]:
    """Runs of a grid, the last axis quickest, named by their number; `base` holds what they share."""
    grid = Grid(base.name, base.title, dict(axes), curve)
    combinations = list(itertools.product(*axes.values()))
    width = max(3, len(str(len(combinations))))
    runs = []
    for number, values in enumerate(combinations, 1):
        choice = dict(zip(axes, values, strict=True))
        title = {"en": f"{base.title['en']} · {chosen(choice)}", "zh": f"{base.title['zh']} · {chosen(choice, '，')}"}
        given, parameters = base.given | choice, base.parameters | choice
        name = f"{base.name}.{number:0{width}d}"
        runs.append(replace(base, name=name, title=title, given=given, parameters=parameters, grid=grid, choice=choice))
    return runs
