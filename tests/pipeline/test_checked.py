"""What was found right is remembered by content: any change checks again, nothing wrong is ever remembered."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.errors import DataError, ParameterError, Problem
from county_metrics.paths import data_root
from county_metrics.pipeline import checked
from county_metrics.pipeline.checked import checked_specs, pack, unpack
from county_metrics.pipeline.params import load_runs
from county_metrics.pipeline.spec import Grid, RunSpec
from tests.small_project import CHECKOUT, notebook, params

HEAD = "notebook: notebooks/tiny.ipynb\n"
SWEEP = HEAD + "matrix: {years: [1, 2], rate: [1, 2.5], flag: [true, false]}\ncurve: total\n"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project with a grid, a run on an own case and inputs; data, package and lock are copies that a test may change."""
    declared = 'years: int = 3\nrate: float = 1.5\nflag: bool = True\nday: date = "2014-01-17"\ncase: CaseId = "jiashan"'
    notebook(tmp_path / "notebooks" / "tiny.ipynb", parameters=declared)
    shutil.copytree(data_root() / "cases" / "anji", tmp_path / "own")
    (tmp_path / "own" / "notes.txt").write_text("of no account", "utf-8")
    (tmp_path / "extra.csv").write_text("a\n", "utf-8")
    params(tmp_path, "sweep", SWEEP)
    params(tmp_path, "own", HEAD + "parameters: {case: own}\ninputs: [extra.csv]\n")
    for folder in ("accepted", "data", "package"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "units.csv").write_text("id\n", "utf-8")
    (tmp_path / "package" / "reading.py").write_text("1\n", "utf-8")
    monkeypatch.setattr(checked, "data_root", lambda: tmp_path / "data")
    monkeypatch.setattr(checked, "PACKAGE", tmp_path / "package")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Checks:
    """Checks of the data, counted."""

    def __init__(self, *problems):
        self.problems, self.times = list(problems), 0

    def __call__(self):
        self.times += 1
        return list(self.problems)


def ask(root, *wanted, check=None, write=True):
    return checked_specs(root, wanted, root / "build" / "checked", check or Checks(), write=write)


def is_checked_again(root, *wanted):
    check = Checks()
    with contextlib.suppress(ParameterError):
        ask(root, *wanted, check=check)
    return check.times == 1


def kept(root):
    folder = root / "build" / "checked"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_what_was_found_right_is_not_checked_again_and_is_the_same(small):
    asked, everything = ask(small)
    assert asked == everything == load_runs(small)
    assert not is_checked_again(small)
    assert ask(small) == (asked, everything)
    again = ask(small)[1][-1]
    assert list(again.grid.axes.items()) == [("years", (1, 2)), ("rate", (1.0, 2.5)), ("flag", (True, False))]
    assert [type(value) for value in again.parameters.values()] == [int, float, bool, str, str]


def edit(path):
    def change(root):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with (root / path).open("a", encoding="utf-8") as file:
            file.write("# \n")

    return change


CHANGES = {
    "params file": edit("params/sweep.yaml"),
    "new params file": lambda root: params(root, "new", HEAD),
    "params file removed": lambda root: (root / "params" / "sweep.yaml").unlink(),
    "params file renamed": lambda root: (root / "params" / "sweep.yaml").rename(root / "params" / "other.yaml"),
    "notebook": edit("notebooks/tiny.ipynb"),
    "notebook in a folder": edit("notebooks/more/other.ipynb"),
    "accepted values": edit("accepted/sweep.json"),
    "row of data": edit("data/units.csv"),
    "new data file": edit("data/cases/new/case.yaml"),
    "source of the package": edit("package/reading.py"),
    "words of the package": edit("package/present/wording.toml"),
    "lock": edit("requirements.lock"),
    "own case": edit("own/case.yaml"),
    "own vocabulary": edit("own/vocab/indicators.csv"),
    "own case removed": lambda root: shutil.rmtree(root / "own"),
    "input removed": lambda root: (root / "extra.csv").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_of_what_was_checked_is_checked_again(small, change):
    ask(small)
    change(small)
    assert is_checked_again(small)


@pytest.mark.parametrize("path", ["extra.csv", "own/notes.txt", "README.md", "package/__pycache__/reading.pyc", "build/x.yaml"])
def test_what_no_check_reads_may_change(small, path):
    ask(small)
    edit(path)(small)
    assert not is_checked_again(small)


def test_a_touched_file_is_not_a_changed_one(small):
    ask(small)
    os.utime(small / "params" / "sweep.yaml", (1, 1))
    assert not is_checked_again(small)


def test_a_project_may_be_moved_with_what_was_found_right(small, monkeypatch):
    ask(small)
    assert all(str(small) not in path.read_text("utf-8") for path in kept(small))
    moved = shutil.copytree(small, small / "moved")
    monkeypatch.chdir(moved)
    assert not is_checked_again(moved)
    assert {spec.notebook for spec in ask(moved)[1]} == {moved / "notebooks" / "tiny.ipynb"}


def test_another_python_checks_again(small, monkeypatch):
    ask(small)
    monkeypatch.setattr(sys, "version", "9.9")
    assert is_checked_again(small)


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b"", lambda b: b.replace(b"2.5", b"2.6"), lambda b: b"\xff" + b])
def test_a_damaged_memory_is_checked_again_and_mended(small, spoil):
    asked, _ = ask(small)
    (path,) = kept(small)
    whole = path.read_bytes()
    assert spoil(whole) != whole
    path.write_bytes(spoil(whole))
    check = Checks()
    assert ask(small, check=check)[0] == asked
    assert (check.times, path.read_bytes()) == (1, whole)


def test_problems_of_data_and_params_are_said_together_and_nothing_is_remembered(small):
    fault = Problem("data/units.csv", 1, 1, "id", "wrong")
    params(small, "bad", HEAD + "parameters: {years: x}\n")
    with pytest.raises(ParameterError, match="years: 'x' is not a whole number") as caught:
        ask(small, check=Checks(fault))
    assert fault in caught.value.problems
    (small / "params" / "bad.yaml").unlink()
    with pytest.raises(DataError, match=re.escape("data/units.csv:1:1: id: wrong")):
        ask(small, check=Checks(fault))
    assert kept(small) == []


def test_asking_without_writing_writes_nothing_and_still_reads(small):
    ask(small, write=False)
    assert not (small / "build").exists()
    ask(small)
    check = Checks()
    ask(small, check=check, write=False)
    assert check.times == 0


def test_a_folder_that_cannot_be_written_only_costs_another_check(small):
    (small / "build").write_text("a file", "utf-8")
    assert len(ask(small)[0]) == 9
    assert is_checked_again(small)


def test_what_changes_during_a_check_is_not_remembered(small):
    ask(small)

    class Meanwhile(Checks):
        def __call__(self):
            edit("params/sweep.yaml")(small)
            return super().__call__()

    edit("params/sweep.yaml")(small)
    before = kept(small)
    ask(small, check=Meanwhile())
    assert kept(small) == before


def test_an_own_case_that_changes_during_a_check_is_not_remembered(small, monkeypatch):
    def slow(root, names, problems, load=checked._load):
        runs = load(root, names, problems)
        edit("own/case.yaml")(small)
        return runs

    monkeypatch.setattr(checked, "_load", slow)
    ask(small)
    assert kept(small) == []


def test_few_memories_are_kept_and_the_newest_among_them(small, monkeypatch):
    monkeypatch.setattr(checked, "_KEPT", 2)
    for number in range(4):
        params(small, "sweep", f"{SWEEP}# {number}\n")
        ask(small)
    assert len(kept(small)) == 2
    assert not is_checked_again(small)


def test_names_choose_among_what_is_remembered(small):
    ask(small)
    asked, everything = ask(small, "sweep.003", "own")
    assert [spec.name for spec in asked] == ["sweep.003", "own"]
    assert len(everything) == 9
    with pytest.raises(ParameterError, match=re.escape("sweep.3: is neither a run nor a file; did you mean")):
        ask(small, "sweep.3")
    assert not is_checked_again(small, "sweep")


def test_a_file_beside_the_project_is_checked_by_its_content(small):
    (small / "elsewhere").mkdir()
    other = small / "elsewhere" / "sweep.yaml"
    other.write_text(HEAD, "utf-8")
    asked, everything = ask(small, "elsewhere/sweep.yaml")
    assert ([spec.source for spec in asked], len(everything)) == (["elsewhere/sweep.yaml"], 9)
    assert not is_checked_again(small, "elsewhere/sweep.yaml")
    with pytest.raises(ParameterError, match="a run 'sweep' also stands in"):
        ask(small, "sweep", "elsewhere/sweep.yaml")
    other.write_text(HEAD + "parameters: {years: 9}\n", "utf-8")
    assert ask(small, "elsewhere/sweep.yaml")[0][0].given == {"years": 9}
    other.unlink()
    with pytest.raises(ParameterError, match=re.escape("elsewhere/sweep.yaml: cannot be read")):
        ask(small, "elsewhere/sweep.yaml")


def test_nothing_heavy_is_imported_where_nothing_changed(project):
    params(project, "run", SWEEP)
    checked_specs(project, [], project / "build" / "checked", list)
    code = (
        "import sys; from pathlib import Path; from county_metrics.pipeline.checked import checked_specs\n"
        "runs, _ = checked_specs(Path.cwd(), [], Path('build/checked'), sys.exit)\n"
        "print(len(runs), *sorted(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True).stdout.split()
    assert found[0] == "8"
    own = {"", ".errors", ".paths", ".pipeline", ".pipeline.checked", ".pipeline.spec"}
    assert {name for name in found if name.startswith("county_metrics")} == {f"county_metrics{name}" for name in own}
    assert not {"pandas", "numpy", "yaml", "importlib.metadata", "csv"} & set(found)


def test_the_projects_own_runs_are_remembered_exactly(monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    runs = load_runs(CHECKOUT)
    assert unpack(json.loads(json.dumps(pack(runs, CHECKOUT))), CHECKOUT) == runs


TEXT = st.text(max_size=6)
VALUE = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), TEXT, st.dates().map(lambda day: day.isoformat()))
VALUES = st.dictionaries(TEXT, VALUE, max_size=3)
TITLE = st.fixed_dictionaries({"en": TEXT, "zh": TEXT})
AXES = st.dictionaries(TEXT, st.lists(VALUE, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3)


@st.composite
def run_lists(draw, root):
    runs = []
    for name in draw(st.lists(TEXT, unique=True, max_size=3)):
        grid = draw(st.one_of(st.none(), st.builds(Grid, st.just(name), TITLE, AXES, TEXT)))
        for number in range(draw(st.integers(1, 2)) if grid else 1):
            place = root / "notebooks" / draw(st.sampled_from(["a.ipynb", "b/c.ipynb"]))
            plain = [draw(VALUES), draw(VALUES), draw(st.dictionaries(TEXT, TEXT, max_size=3)), draw(TEXT)]
            inputs = tuple(draw(st.lists(TEXT, max_size=2)))
            runs.append(RunSpec(f"{name}.{number}", draw(TITLE), place, *plain, grid, draw(VALUES), inputs))
    return runs


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.data())
def test_any_runs_are_read_back_exactly_as_they_were(tmp_path_factory, data):
    root = tmp_path_factory.getbasetemp().resolve()
    runs = data.draw(run_lists(root))
    again = unpack(json.loads(json.dumps(pack(runs, root))), root)
    assert again == runs
    assert repr(again) == repr(runs)
