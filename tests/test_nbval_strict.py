import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from tests.nbval_strict import Close, _close

ROOT = Path(__file__).resolve().parents[1]


def notebook(folder, *cells):
    """A notebook of (source, outputs, execution count) cells."""
    made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=count) for source, outputs, count in cells]
    path = folder / "tried.ipynb"
    path.write_text(json.dumps(made), "utf-8")
    return path


def result(data):
    return [nbformat.v4.new_output("execute_result", data=data, execution_count=1)]


def nbval(path):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.nbval_strict",
        "--nbval",
        str(path),
        "--rootdir",
        str(path.parent),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(
    ("kept", "new", "same"),
    [
        ("0.1", "0.10000000000000001", True),
        ("[1, 0.3]", "[1, 0.30000000000000004]", True),
        ("0.1", "0.1001", False),
        ("a 1", "b 1", False),
        ("1", "1 2", False),
    ],
)
def test_numbers_agree_to_a_tolerance(kept, new, same):
    assert (Close(kept) == Close(new)) is same
    assert (Close(kept) != Close(new)) is not same


def test_a_drawing_within_html_is_not_compared():
    one, other = (_close(f'<img src="data:image/svg+xml;base64,{drawn}" alt="1">') for drawn in ("QQ==", "Qg=="))
    assert one == other
    assert one != _close('<img src="data:image/svg+xml;base64,QQ==" alt="2">')


def test_a_cell_without_kept_output_fails(tmp_path):
    done = nbval(notebook(tmp_path, ("1 + 1", [], None)))
    assert done.returncode == 1
    assert "keeps no output of this cell" in done.stdout


def test_changed_data_behind_a_figure_fail_and_a_changed_drawing_does_not(tmp_path):
    show = "from IPython.display import display\ndisplay({{'application/vnd.county-metrics+json': {{'value': '{}'}}, 'image/svg+xml': '{}'}}, raw=True)"
    kept = [
        nbformat.v4.new_output(
            "display_data", data={"application/vnd.county-metrics+json": {"value": "1.5"}, "image/svg+xml": "<svg/>"}
        )
    ]
    assert nbval(notebook(tmp_path, (show.format("1.5", "<svg> </svg>"), kept, 1))).returncode == 0
    done = nbval(notebook(tmp_path, (show.format("1.6", "<svg/>"), kept, 1)))
    assert done.returncode == 1
    assert "1.6" in done.stdout


def test_a_dead_kernel_is_noticed_at_once(tmp_path):
    path = notebook(tmp_path, ("import os, time\ntime.sleep(0.2)\nos._exit(1)", [], 1))
    began = time.monotonic()
    done = nbval(path)
    assert done.returncode == 1
    assert "the kernel died" in done.stdout
    assert time.monotonic() - began < 20
