"""What a process reads is noted, so that a change of it is seen."""

import json
import subprocess
import sys

import pytest

PROLOGUE = """\
import json, os, sys
from pathlib import Path
from county_metrics.pipeline import tracing
tracing.start([os.getcwd()])
"""
EPILOGUE = "\nprint(json.dumps(tracing.report()))"


def noted(root, code):
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.csv").write_text("1\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + code + EPILOGUE], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    report = json.loads(done.stdout)
    return {kind: [path.removeprefix(f"{root.resolve()}/") for path in report[kind]] for kind in report}


@pytest.mark.parametrize(
    "code",
    [
        "open('data.csv').read()", "Path('data.csv').read_bytes()", "os.close(os.open('data.csv', os.O_RDONLY))",
        "here = os.getcwd(); os.chdir('/'); open(here + '/data.csv').read()",
        "open(b'data.csv').read()",
    ],
    ids=["open", "pathlib", "os.open", "after chdir", "bytes"],
)  # fmt: skip
def test_file_that_is_read_is_noted(tmp_path, code):
    assert noted(tmp_path, code)["files"] == ["data.csv"]


def test_file_that_is_written_or_lies_outside_is_not_noted(tmp_path):
    (tmp_path / "out.txt").write_text("", "utf-8")
    assert noted(tmp_path / "root", "open('new.txt', 'w').close(); open('../out.txt').read()")["files"] == []


def test_folder_that_is_listed_is_noted(tmp_path):
    (tmp_path / "cases").mkdir()
    assert noted(tmp_path, "list(Path('cases').iterdir()); os.scandir('cases').close()")["folders"] == ["cases"]


def test_read_is_noted_in_a_project_below_a_folder_called_build(tmp_path):
    assert noted(tmp_path / "build" / "project", "open('data.csv').read()")["files"] == ["data.csv"]


def test_own_module_beside_the_notebook_is_noted(tmp_path):
    (tmp_path / "own.py").write_text("N = 1\n", "utf-8")
    report = noted(tmp_path, "sys.path.insert(0, ''); import own")
    assert "own.py" in report["files"] + report["modules"]
