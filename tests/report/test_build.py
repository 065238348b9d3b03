"""The report command as a function: checks first, says what would happen, keeps what other runs gave."""

import json
import os
import re

import pytest

from county_metrics.errors import DataError, ParameterError, Problem
from county_metrics.pipeline.runner import Limits
from county_metrics.report.build import build_report, check_everything
from tests.small_project import RECORD, notebook, params


@pytest.fixture
def project(tmp_path, monkeypatch):
    notebook(tmp_path / "notebooks" / "tiny.ipynb", "total = 1 / int(Path(f'{text}.txt').read_text())", RECORD)
    for name in ("first", "other"):
        params(tmp_path, name, f"notebook: notebooks/tiny.ipynb\nparameters: {{text: {name}}}\n")
        (tmp_path / f"{name}.txt").write_text("1", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_bad_params_and_bad_data_end_before_anything_is_built(project, monkeypatch):
    monkeypatch.setattr(
        "county_metrics.evidence.verify.check_data", lambda folder=None: [Problem("data/a.csv", 2, 3, "unit", "bad")]
    )
    with pytest.raises(DataError, match=re.escape("data/a.csv:2:3: unit: bad")):
        build_report([], Limits(1))
    params(project, "first", "notebook: notebooks/tiny.ipynb\nparameters: {txet: a}\n")
    with pytest.raises(ParameterError, match=re.escape("txet: not a parameter of the notebook; did you mean 'text'")):
        build_report([], Limits(1))
    assert not (project / "build").exists()


def test_params_that_are_bad_elsewhere_stop_a_named_run_before_its_kernel(project):
    params(project, "other", "notebook: notebooks/tiny.ipynb\nparameters: {txet: a}\n")
    try:
        assert build_report(["first"], Limits(1)) == 0
    except ParameterError:
        assert not (project / "build" / "store").exists()
    else:
        assert (project / "build" / "report" / "runs" / "first.html").is_file()


@pytest.mark.parametrize(("wanted", "why"), [([], None), ([], "first")])
def test_dry_run_and_why_start_nothing(project, capsys, wanted, why):
    assert build_report(wanted, Limits(1), dry_run=why is None, why=why) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "first: would run (has not run before)"
    assert len(lines) == (1 if why else 2)
    assert not (project / "build").exists()


def test_naming_one_run_keeps_what_is_said_and_shown_of_the_others(project):
    assert build_report([], Limits(2)) == 0
    (project / "other.txt").write_text("0", "utf-8")
    assert build_report([], Limits(2)) == 1
    assert build_report(["first"], Limits(2)) == 0
    pages = os.listdir(project / "build" / "report" / "runs")
    assert sorted(pages) == ["first.html", "other-error.html", "other.html"]


def test_events_as_json_tell_every_run_and_the_end(project, capsys):
    (project / "other.txt").write_text("0", "utf-8")
    assert build_report([], Limits(1), json_events=True) == 1
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    states = [(event["run"], event["state"]) for event in events if event["event"] == "run" and event["state"] != "running"]
    assert sorted(states) == [("first", "done"), ("other", "failed")]
    summary = {run["run"]: run for run in events[-1]["runs"]}
    assert summary["other"]["error"] == "ZeroDivisionError: division by zero"


def test_check_names_problems_of_the_params_files(project):
    params(project, "first", "notebook: notebooks/tiny.ipynb\nparameters: {txet: a}\n")
    assert [problem.field for problem in check_everything(None)] == ["txet"]
