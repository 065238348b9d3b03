"""Keys by meaning: what changes a run changes its key, and nothing else does."""

import json

import pytest

from county_metrics.paths import PACKAGE, data_root
from county_metrics.pipeline.digest import ABSENT, digest, file_digest, folder_digest
from county_metrics.pipeline.key import Disk, full_key, locked_versions, portable, resolve, traced
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
        return digest(Disk(tmp_path).static_parts(load_runs(tmp_path)[0]))

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


def content_key(root, **trace):
    return full_key({}, Disk(root).content({"files": [], "folders": [], "modules": []} | trace)[1])


def test_content_of_a_traced_file_changes_the_full_key(tmp_path):
    (tmp_path / "data.csv").write_text("1", "utf-8")
    before = content_key(tmp_path, files=["data.csv"])
    (tmp_path / "data.csv").write_text("2", "utf-8")
    assert content_key(tmp_path, files=["data.csv"]) != before


def test_traced_file_that_is_gone_changes_the_full_key(tmp_path):
    absent = content_key(tmp_path, files=["data.csv"])
    (tmp_path / "data.csv").write_text("", "utf-8")
    assert content_key(tmp_path, files=["data.csv"]) != absent


def test_new_name_in_a_listed_folder_changes_the_full_key_and_a_cache_of_python_does_not(tmp_path):
    (tmp_path / "cases").mkdir()
    before = content_key(tmp_path, folders=["cases/"])
    (tmp_path / "cases" / "__pycache__").mkdir()
    assert content_key(tmp_path, folders=["cases/"]) == before
    (tmp_path / "cases" / "mine").mkdir()
    assert content_key(tmp_path, folders=["cases/"]) != before


def test_digests_of_content_stand_by_name(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a").write_text("1", "utf-8")
    trace = {"files": ["cases/a", "gone"], "folders": ["cases/"], "modules": ["package:errors.py"]}
    content, _ = Disk(tmp_path).content(trace)
    assert content == {
        "cases/a": file_digest(tmp_path / "cases" / "a"),
        "gone": ABSENT,
        "cases/": folder_digest(tmp_path / "cases"),
        "package:errors.py": file_digest(PACKAGE / "errors.py"),
    }


def test_each_file_is_read_once_for_all_runs(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr("county_metrics.pipeline.key.file_digest", lambda path: read.append(path.name) or "0")
    disk = Disk(tmp_path)
    for names in (["a"], ["a", "b"], ["b"]):
        disk.content({"files": names, "folders": [], "modules": []})
    assert read == ["a", "b"]


def test_path_of_a_trace_names_no_machine_and_comes_back(tmp_path):
    named = {
        "data/a.csv": tmp_path / "data" / "a.csv",
        "package:errors.py": PACKAGE / "errors.py",
        "data:sources.yaml": data_root() / "sources.yaml",
    }
    for name, place in named.items():
        assert portable(str(place), tmp_path) == name
        assert resolve(name, tmp_path) == place


def test_file_of_the_project_with_a_colon_in_its_name_is_found_again(tmp_path):
    for name in ("data:2014.csv", "package:notes", "a:b"):
        assert resolve(portable(str(tmp_path / name), tmp_path), tmp_path) == tmp_path / name


def test_trace_leaves_out_what_python_lists_itself(tmp_path):
    report = {
        "files": {str(tmp_path / "b"): "2", str(tmp_path / "a"): "1"},
        "folders": {str(tmp_path): "3", str(PACKAGE / "present"): "4", str(tmp_path / "cases"): "5"},
        "modules": {str(PACKAGE / "errors.py"): "6"},
    }
    assert traced(report, tmp_path) == {
        "files": {"a": "1", "b": "2"}, "folders": {"cases/": "5"}, "modules": {"package:errors.py": "6"},
    }  # fmt: skip


LOCK = """\
# made by a tool, on some day
pandas==3.0.0 \\
    --hash=sha256:0123 \\
    --hash=sha256:4567
    # via something
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:89ab
"""


def versions(root, text):
    (root / "requirements.lock").write_text(text, "utf-8")
    return locked_versions(root)


def test_versions_of_the_lock_file_are_read_with_their_markers(tmp_path):
    assert versions(tmp_path, LOCK) == {"pandas": "3.0.0", "colorama ; sys_platform == 'win32'": "0.4.6"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("some day", "another day"), ("0123", "ffff"), ("    --hash=sha256:4567\n", ""), ("something", "other"), ("\n", "\r\n")],
    ids=["comment", "digest", "fewer digests", "why", "line ends"],
)
def test_comments_and_digests_of_the_lock_file_are_not_versions(tmp_path, old, new):
    assert versions(tmp_path, LOCK.replace(old, new)) == versions(tmp_path, LOCK)


@pytest.mark.parametrize(("old", "new"), [("3.0.0", "3.0.1"), ("win32", "darwin"), ("pandas", "polars")])
def test_version_name_and_marker_of_the_lock_file_count(tmp_path, old, new):
    assert versions(tmp_path, LOCK.replace(old, new)) != versions(tmp_path, LOCK)


def test_installed_versions_stand_in_for_a_lock_file(tmp_path):
    assert {"pandas", "papermill", "ipykernel"} <= locked_versions(tmp_path).keys()
