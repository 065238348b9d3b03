import ast
import json
from pathlib import Path

import pytest

from county_metrics.pipeline.notebook import notebook_parameters, source_of, tags_of
from county_metrics.present.payload import MIME

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return json.loads(path.read_text("utf-8"))["cells"]


def code_cells(cells):
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_a_notebook_is_small(path):
    assert path.stat().st_size <= 300_000


def test_every_code_cell_is_short_and_defines_little(cells):
    for cell in code_cells(cells):
        source = source_of(cell)
        assert len(source.splitlines()) <= 10, cell["id"]
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 5, cell["id"]


def test_prose_stands_in_both_languages_side_by_side(cells):
    prose = [cell for cell in cells if cell["cell_type"] == "markdown"]
    assert len(prose) % 2 == 0
    for english, chinese in zip(prose[::2], prose[1::2], strict=True):
        assert tags_of(english) == ["lang-en"], english["id"]
        assert tags_of(chinese) == ["lang-zh"], chinese["id"]


def test_no_number_is_typed_in_prose(cells):
    for cell in cells:
        if cell["cell_type"] == "markdown":
            assert not any(sign.isdigit() for sign in source_of(cell)), cell["id"]


def test_parameters_are_declared_with_kind_default_and_help(path):
    problems = []
    declared = notebook_parameters(path, path.name, problems)
    assert problems == []
    assert declared
    assert all(parameter.help for parameter in declared.values())


def test_outputs_of_the_default_run_are_kept_without_clock_or_error(cells):
    counts = [cell["execution_count"] for cell in code_cells(cells)]
    assert counts == list(range(1, len(counts) + 1))
    text = json.dumps(cells)
    assert "start_time" not in text
    assert not any(output["output_type"] == "error" for cell in code_cells(cells) for output in cell["outputs"])


def test_the_last_results_cell_records(cells):
    kinds = [
        output["data"][MIME]["block"]
        for cell in code_cells(cells)
        for output in cell["outputs"]
        if MIME in output.get("data", {})
    ]
    assert kinds.count("results") == 1


def test_exercises_have_folded_solutions(cells):
    solutions = [cell for cell in code_cells(cells) if "solution" in tags_of(cell)]
    assert 2 <= len(solutions) <= 3
    assert all(cell["metadata"]["jupyter"]["source_hidden"] for cell in solutions)
