"""The first notebook through the pipeline and through bare papermill: the same results, the same bytes."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from county_metrics.pipeline.collect import clean, result_rows, tell_apart
from tests.small_project import CHECKOUT, FIRST_NOTEBOOK, command, contents, params

RUN = "power-items"


def project(root):
    (root / "notebooks").mkdir(parents=True)
    shutil.copy(CHECKOUT / "notebooks" / FIRST_NOTEBOOK, root / "notebooks")
    params(root, RUN, f"notebook: notebooks/{FIRST_NOTEBOOK}\nparameters:\n  pair: departmental_power_items\n")
    return root


def papermill(root, *options):
    arguments = [
        f"notebooks/{FIRST_NOTEBOOK}",
        f"out{len(options)}.ipynb",
        "-p",
        "pair",
        "departmental_power_items",
        "--no-progress-bar",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "papermill", *arguments, *options],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two projects in different folders, built; the same notebook executed by papermill in two ways."""
    here, there = project(tmp_path_factory.mktemp("here")), project(tmp_path_factory.mktemp("there") / "far" / "away")
    started = [
        command("report", cwd=here),
        command("report", cwd=there, LANG="zh_CN.UTF-8", TZ="Asia/Shanghai", PYTHONHASHSEED="7"),
    ]
    started += [papermill(here), papermill(here, "--engine", "county_metrics")]
    for process in started:
        _, err = process.communicate(timeout=150)
        assert process.returncode == 0, err
    return here, there


def outputs(notebook):
    return {cell["id"]: cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["outputs"]}


def kept(root):
    return json.loads((root / "build" / "runs" / RUN / "notebook.ipynb").read_text("utf-8"))


@pytest.mark.parametrize("name", ["out0.ipynb", "out2.ipynb"], ids=["papermill", "papermill with the engine"])
def test_papermill_gives_the_same_results_as_the_pipeline(made, name):
    executed = clean(nbformat.read(made[0] / name, as_version=4))
    results = json.loads((made[0] / "build" / "runs" / RUN / "results.json").read_text("utf-8"))
    assert result_rows(executed) == results["results"]
    tell_apart(executed)
    assert outputs(executed) == outputs(kept(made[0]))


def test_results_are_those_of_the_published_figures(made):
    results = json.loads((made[0] / "build" / "runs" / RUN / "results.json").read_text("utf-8"))
    rows = {row["name"]: row for row in results["results"]}
    assert results["parameters"] == {"case": "jiashan", "pair": "departmental_power_items", "years": 3}
    assert (rows["before"]["value"], rows["after"]["value"], rows["absolute_change"]["value"]) == ("9002", "4567", "-4435")
    assert rows["percent_change"]["value"].startswith("-49.266")


def test_two_builds_in_different_folders_give_the_same_bytes(made):
    here, there = made
    assert contents(here / "build" / "report") == contents(there / "build" / "report")
    assert contents(here / "build" / "store", ["run.json"]) == contents(there / "build" / "store", ["run.json"])


def test_no_path_of_the_machine_enters_the_site(made):
    here, _ = made
    words = [str(place).encode() for place in (here, CHECKOUT)]
    assert not [name for name, data in contents(here / "build" / "report").items() if any(word in data for word in words)]


def test_every_file_the_run_read_is_in_its_key(made):
    content = json.loads((made[0] / "build" / "runs" / RUN / "run.json").read_text("utf-8"))["content"]
    read = " ".join(content)
    for name in (
        "cases/jiashan/figures.csv",
        "cases/jiashan/case.yaml",
        "sources.yaml",
        "vocab/units.csv",
        "package:analysis/endpoints.py",
    ):
        assert name in read
    assert "longgang" not in read
