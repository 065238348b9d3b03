"""A notebook as the pipeline sees it: its declared parameters and its code by meaning."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from county_metrics.errors import Problem

KINDS = ("int", "float", "str", "bool", "date", "Choice", "CaseId", "PairId")
_PYTHON = {"int": int, "float": (int, float), "bool": bool}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a notebook declares: name, kind, default, choices, and its help."""

    name: str
    kind: str
    default: Any
    choices: tuple[str, ...] = ()
    help: str = ""


def read_notebook(path: Path) -> dict[str, Any]:
    """Notebook file as JSON.

    Raises
    ------
    ValueError
        If it is not a notebook of format 4.
    """
    content = json.loads(path.read_text("utf-8"))
    cells = content.get("cells") if isinstance(content, dict) and content.get("nbformat") == 4 else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) and "cell_type" in cell for cell in cells):
        raise ValueError("not a notebook of format 4")
    return dict(content)


def source_of(cell: dict[str, Any]) -> str:
    """Text of a cell, which the file may hold as one string or as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def tags_of(cell: dict[str, Any]) -> list[str]:
    """Tags of a cell."""
    return list(cell.get("metadata", {}).get("tags", []))


def notebook_parameters(path: Path, shown: str, problems: list[Problem]) -> dict[str, Parameter]:
    """Parameters of the cell tagged ``parameters``, in order.

    Each is declared as ``name: kind = literal  # help`` with a kind of `KINDS`.
    """
    try:
        content = read_notebook(path)
    except (ValueError, OSError) as error:
        problems.append(Problem(shown, 0, 0, "", f"cannot be read as a notebook: {error}"))
        return {}
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code" and "parameters" in tags_of(cell)]
    if not cells:
        problems.append(Problem(shown, 0, 0, "", "has no code cell tagged 'parameters'"))
        return {}
    source = source_of(cells[0])
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        problems.append(Problem(shown, 0, 0, "parameters", f"the cell is not Python: {error.msg} (line {error.lineno})"))
        return {}
    comments = _comments(source)
    declared: dict[str, Parameter] = {}
    for statement in tree.body:
        parameter = _declared(statement, comments)
        if parameter is None:
            message = f"'{ast.unparse(statement)}' must read 'name: kind = value  # help'; kinds: {', '.join(KINDS)}"
            problems.append(Problem(shown, 0, 0, "parameters", message))
        else:
            declared[parameter.name] = parameter
    return declared


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _declared(statement: ast.stmt, comments: dict[int, str]) -> Parameter | None:
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name) or statement.value is None:
        return None
    try:
        default = ast.literal_eval(statement.value)
        kind, choices = _kind(statement.annotation)
    except (ValueError, TypeError):
        return None
    if kind is None or not isinstance(default, _PYTHON.get(kind, str)):  # type: ignore[arg-type]
        return None
    if (kind == "int" and isinstance(default, bool)) or (choices and default not in choices):
        return None
    return Parameter(statement.target.id, kind, default, choices, comments.get(statement.lineno, ""))


def _kind(annotation: ast.expr) -> tuple[str | None, tuple[str, ...]]:
    if isinstance(annotation, ast.Subscript):
        base, _ = _kind(annotation.value)
        if base != "Choice":
            return None, ()
        choices = ast.literal_eval(annotation.slice)
        return base, choices if isinstance(choices, tuple) else (choices,)
    name = annotation.attr if isinstance(annotation, ast.Attribute) else annotation.id if isinstance(annotation, ast.Name) else ""
    return (name, ()) if name in KINDS else (None, ())


def code_meaning(path: Path) -> list[str]:
    """Code cells by meaning: their syntax trees, so that comments, layout, prose and ids do not count.

    The parameters cell counts by its declarations; a cell that is not plain Python counts by its text.
    """
    meanings = []
    for cell in read_notebook(path)["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = source_of(cell)
        tags = sorted(set(tags_of(cell)) & {"parameters", "raises-exception"})
        try:
            # IPython hides the value of a last expression that ends in a semicolon.
            meanings.append(f"{tags} {_hides_output(source)} {ast.dump(ast.parse(source))}")
        except SyntaxError:
            meanings.append(f"{tags} {source}")
    return meanings


def _hides_output(source: str) -> bool:
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT)
    tokens = [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in layout]
    return tokens[-1:] == [";"]
