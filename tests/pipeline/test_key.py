"""Keys by meaning: what changes a run changes its key, and nothing else does."""

import json

import pytest

from county_metrics.paths import PACKAGE
from county_metrics.pipeline.key import digest, full_key, portable, resolve, static_parts, trace_of, traced_content
from county_metrics.pipeline.params import load_runs
from tests.small_project import RECORD, notebook, params

BODY = "total = years + 1  # one more"
CELL = "years: int = 3  # how long"


@pytest.fixture
def static_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def key(body=BODY, cell=CELL, given="", change=None, **layout):
        path = tmp_path / "notebooks" / "tiny.ipynb"
        notebook(path, body, RECORD, parameters=cell, **layout)
        if change:
            content = json.loads(path.read_text("utf-8"))
            change(content)
            path.write_text(json.dumps(content), "utf-8")
        params(tmp_path, "run", f"notebook: notebooks/tiny.ipynb\ntitle: a\nparameters:\n{given}")
        return digest(static_parts(load_runs(tmp_path)[0], tmp_path))

    return key


def other_ids(content):
    for index, cell in enumerate(content["cells"]):
        cell["id"] = f"other-{index}"


def saved_outputs(content):
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "old"}]


@pytest.mark.parametrize(
    "same",
    [
        {"body": "total = years + 1  # another comment"},
        {"body": "# a comment\n\ntotal = (years +\n         1)"},
        {"before": ["# A title"], "after": ["The end."]},
        {"tags": ["solution", "hide-input"]},
        {"cell": "years: int = 3  # another help"},
        {"change": other_ids},
        {"change": saved_outputs},
        {"given": "  years: 3\n"},
    ],
    ids=["comment", "layout", "markdown", "tag", "help", "cell ids", "saved outputs", "default written out"],
)
def test_what_changes_no_result_leaves_the_key(static_key, same):
    assert static_key(**same) == static_key()


@pytest.mark.parametrize(
    "other",
    [
        {"body": "total = years + 2"},
        {"body": "total = years + 1; total"},
        {"cell": "years: int = 4  # how long"},
        {"given": "  years: 5\n"},
        {"tags": ["raises-exception"]},
    ],
    ids=["code", "expression", "default", "parameter", "allowed error"],
)
def test_what_may_change_a_result_changes_the_key(static_key, other):
    assert static_key(**other) != static_key()


def test_semicolon_that_hides_an_output_changes_the_key(static_key):
    assert static_key("total = years\ntotal;") != static_key("total = years\ntotal")


def test_lock_file_changes_the_key(static_key, tmp_path):
    (tmp_path / "requirements.lock").write_text("pandas==3.0.0\n", "utf-8")
    before = static_key()
    (tmp_path / "requirements.lock").write_text("pandas==3.0.1\n", "utf-8")
    assert static_key() != before


def test_content_of_a_traced_file_changes_the_full_key(tmp_path):
    (tmp_path / "data.csv").write_text("1", "utf-8")
    trace = {"files": ["data.csv"], "folders": [], "modules": []}
    before = full_key({}, traced_content(trace, tmp_path))
    (tmp_path / "data.csv").write_text("2", "utf-8")
    assert full_key({}, traced_content(trace, tmp_path)) != before


def test_traced_file_that_is_gone_changes_the_full_key(tmp_path):
    trace = {"files": ["data.csv"], "folders": [], "modules": []}
    absent = full_key({}, traced_content(trace, tmp_path))
    (tmp_path / "data.csv").write_text("", "utf-8")
    assert full_key({}, traced_content(trace, tmp_path)) != absent


def test_new_name_in_a_listed_folder_changes_the_full_key(tmp_path):
    (tmp_path / "cases").mkdir()
    trace = {"files": [], "folders": ["cases"], "modules": []}
    before = full_key({}, traced_content(trace, tmp_path))
    (tmp_path / "cases" / "mine").mkdir()
    assert full_key({}, traced_content(trace, tmp_path)) != before


def test_path_of_a_trace_names_no_machine_and_comes_back(tmp_path):
    inside = tmp_path / "data" / "a.csv"
    module = PACKAGE / "errors.py"
    assert portable(str(inside), tmp_path) == "data/a.csv"
    assert portable(str(module), tmp_path) == "package:errors.py"
    assert resolve("data/a.csv", tmp_path) == inside
    assert resolve("package:errors.py", tmp_path) == module


def test_trace_is_sorted_and_leaves_out_what_python_lists_itself(tmp_path):
    report = {
        "files": [str(tmp_path / "b"), str(tmp_path / "a"), str(tmp_path / "a")],
        "folders": [str(tmp_path), str(PACKAGE / "present"), str(tmp_path / "cases")],
        "modules": [],
    }
    assert trace_of(report, tmp_path) == {"files": ["a", "b"], "folders": ["cases"], "modules": []}
