"""The parameters a notebook declares, and its code by meaning."""

import json
import re

import pytest

from county_metrics.errors import ParameterError
from county_metrics.pipeline.notebook import Parameter, code_meaning, notebook_parameters
from county_metrics.pipeline.params import load_runs
from tests.small_project import CHECKOUT, FIRST_NOTEBOOK, notebook


def declared(tmp_path, cell):
    notebook(tmp_path / "a.ipynb", parameters=cell)
    problems = []
    return notebook_parameters(tmp_path / "a.ipynb", "a.ipynb", problems), [str(problem) for problem in problems]


def test_parameters_of_the_first_notebook_are_read_with_kind_default_and_help():
    problems = []
    found = notebook_parameters(CHECKOUT / "notebooks" / FIRST_NOTEBOOK, "n.ipynb", problems)
    assert not problems
    assert found["case"] == Parameter("case", "CaseId", "jiashan", (), "a curated case, or a folder of your own")
    assert [parameter.kind for parameter in found.values()] == ["CaseId", "PairId", "int"]


def test_choices_are_read(tmp_path):
    found, problems = declared(tmp_path, 'method: Choice["mean", "median"] = "mean"')
    assert not problems
    assert found["method"].choices == ("mean", "median")


def test_one_choice_is_read(tmp_path):
    assert declared(tmp_path, 'method: Choice["mean"] = "mean"')[0]["method"].choices == ("mean",)


@pytest.mark.parametrize(
    "cell",
    [
        "years = 3", "years: int", 'years: int = "3"', "years: int = True", "years: int = 1.5",
        "flag: bool = 1", "years: list[int] = 3",
        "years: int = 1 + one", 'method: Choice["a"] = "b"', "import os", "years: Choice[a] = 3", 'years: "int" = 3',
    ],
)  # fmt: skip
def test_declaration_that_cannot_be_checked_is_refused(tmp_path, cell):
    found, problems = declared(tmp_path, cell)
    assert not found
    assert problems[0].startswith("a.ipynb: parameters: '")
    assert problems[0].endswith(
        "must read 'name: kind = value  # help'; kinds: int, float, str, bool, date, Choice, CaseId, PairId"
    )


def test_parameters_cell_that_is_not_python_is_refused(tmp_path):
    assert declared(tmp_path, "years: int = (")[1] == [
        "a.ipynb: parameters: the cell is not Python: '(' was never closed (line 1)"
    ]


def test_notebook_without_parameters_cell_is_refused(tmp_path):
    notebook(tmp_path / "a.ipynb")
    content = json.loads((tmp_path / "a.ipynb").read_text("utf-8"))
    for cell in content["cells"]:
        cell["metadata"] = {}
    (tmp_path / "a.ipynb").write_text(json.dumps(content), "utf-8")
    problems = []
    assert notebook_parameters(tmp_path / "a.ipynb", "a.ipynb", problems) == {}
    assert [str(problem) for problem in problems] == ["a.ipynb: has no code cell tagged 'parameters'"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"nbformat": 3, "cells": []}', '{"nbformat": 4, "cells": [{}]}', '{"nbformat": 4, "cells": ["a"]}']
)
def test_file_that_is_no_notebook_is_refused(project, text):
    (project / "notebooks" / "tiny.ipynb").write_text(text, "utf-8")
    with pytest.raises(ParameterError, match=re.escape("notebooks/tiny.ipynb: cannot be read as a notebook: ")):
        load_runs(project)


def test_magic_counts_by_its_text(tmp_path):
    notebook(tmp_path / "a.ipynb", "%time total = 1")
    notebook(tmp_path / "b.ipynb", "%time total = 2")
    assert code_meaning(tmp_path / "a.ipynb") != code_meaning(tmp_path / "b.ipynb")
