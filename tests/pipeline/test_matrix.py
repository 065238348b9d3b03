"""A matrix: every combination a run, in a fixed order; what is wrong is named once, in its place."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.errors import ParameterError
from county_metrics.evidence.load import load_case
from county_metrics.pipeline import params as params_module
from county_metrics.pipeline.matrix import members
from county_metrics.pipeline.params import load_runs
from county_metrics.pipeline.spec import Grid, RunSpec
from tests.small_project import params

HEAD = "notebook: notebooks/tiny.ipynb\n"
NAMES = "case, day, flag, method, pair, rate, text, years"
WHOLE = "a whole number such as 3"
SWEEP = HEAD + "title: {en: A sweep, zh: 一组}\nmatrix:\n  years: [1, 2, 3]\n  flag: [true, false]\ncurve: total\n"

BAD = {
    "scalar for the matrix": ("matrix: 3\n", ["2:9: matrix: must hold 'name: [value, value]' lines"]),
    "nothing in it": ("matrix:\n", ["2:1: matrix: must hold 'name: [value, value]' lines"]),
    "list for the matrix": ("matrix: [years]\n", ["2:9: matrix: must hold 'name: [value, value]' lines"]),
    "misspelt axis": (
        "matrix: {yeers: [1]}\n",
        [f"2:10: yeers: not a parameter of the notebook; did you mean 'years'? Allowed: {NAMES}"],
    ),
    "axis that has one value already": (
        "parameters: {years: 3}\nmatrix: {years: [1]}\n",
        ["3:10: years: stands under 'parameters' too; keep it in one of the two"],
    ),
    "scalar for a list": ("matrix: {years: 3}\n", [f"2:17: years: must be a list with at least one value (each {WHOLE})"]),
    "empty list": ("matrix: {years: []}\n", [f"2:17: years: must be a list with at least one value (each {WHOLE})"]),
    "list in a list": ("matrix: {years: [1, [2]]}\n", [f"2:21: years: must be one value ({WHOLE})"]),
    "mapping in a list": ("matrix: {years: [{a: 2}]}\n", [f"2:18: years: must be one value ({WHOLE})"]),
    "values of a wrong type": (
        'matrix: {years: [1, 2y, "3"]}\n',
        [
            f"2:21: years: '2y' is not {WHOLE}",
            f"2:25: years: '3' is in quotes, which makes it text; write {WHOLE} without quotes",
        ],
    ),
    "value twice": ("matrix: {years: [1, 2, 01]}\n", ["2:24: years: '1' stands twice in the list; remove one"]),
    "truth value twice": ("matrix: {flag: [true, true]}\n", ["2:23: flag: 'true' stands twice in the list; remove one"]),
    "number twice in two forms": ("matrix: {rate: [1, 1.0]}\n", ["2:20: rate: '1.0' stands twice in the list; remove one"]),
    "unknown choice": (
        "matrix: {method: [mean, men]}\n",
        ["2:25: method: 'men' is not a choice; did you mean 'mean'? Allowed: mean, median"],
    ),
    "curve that is no name": (
        "matrix: {years: [1]}\ncurve: Break even\n",
        ["3:8: curve: must be the name of a result: lower-case ASCII letters, digits and '_', a letter first"],
    ),
    "curve that is a list": (
        "matrix: {years: [1]}\ncurve: [a]\n",
        ["3:8: curve: must be the name of a result: lower-case ASCII letters, digits and '_', a letter first"],
    ),
}  # fmt: skip


def problems(root, text):
    params(root, "run", HEAD + text)
    with pytest.raises(ParameterError, match=re.escape("params/run.yaml")) as caught:
        load_runs(root)
    return [str(problem).removeprefix("params/run.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_bad_matrix_is_refused_with_its_place_and_what_is_allowed(project, text, said):
    assert problems(project, text) == said


def test_every_combination_is_a_run_with_the_last_axis_quickest(project):
    params(project, "run", SWEEP)
    specs = load_runs(project)
    assert [spec.name for spec in specs] == [f"run.00{number}" for number in range(1, 7)]
    assert [tuple(spec.choice.values()) for spec in specs] == list(itertools.product([1, 2, 3], [True, False]))
    grid = Grid("run", {"en": "A sweep", "zh": "一组"}, {"years": (1, 2, 3), "flag": (True, False)}, "total")
    assert all(spec.grid == grid and spec.given == spec.choice for spec in specs)
    assert all(spec.parameters == specs[0].parameters | spec.choice for spec in specs)
    assert specs[0].parameters["pair"] == "investment_approval_time"


def test_title_of_a_member_says_its_values(project):
    params(project, "run", SWEEP)
    assert load_runs(project)[4].title == {"en": "A sweep · years 3, flag true", "zh": "一组 · years 3，flag true"}


def test_run_without_a_matrix_is_of_no_grid(project):
    (spec,) = load_runs(project)
    assert (spec.name, spec.stem, spec.grid, spec.choice, spec.inputs) == ("run", "run", None, {}, ())


def test_parameters_beside_a_matrix_hold_for_every_member(project):
    params(project, "run", f"{HEAD}parameters: {{text: b}}\nmatrix: {{years: [5]}}\n")
    (spec,) = load_runs(project)
    assert (spec.name, spec.given, spec.grid.curve) == ("run.001", {"text": "b", "years": 5}, "")


def test_numbers_of_members_are_as_wide_as_the_last(project):
    params(project, "run", f"{HEAD}matrix: {{years: {list(range(1000))}}}\n")
    specs = load_runs(project)
    assert (specs[0].name, specs[-1].name) == ("run.0001", "run.1000")
    assert [spec.name for spec in specs] == sorted(spec.name for spec in specs)


def test_too_many_runs_are_counted_and_refused_before_any_is_made(project):
    text = f"matrix: {{years: {list(range(101))}, rate: {list(range(100))}}}\n"
    said = "2:9: matrix: makes 10,100 runs, 10,000 are allowed; shorten a list or make two files of it"
    assert problems(project, text) == [said]


def test_wrong_value_is_one_problem_however_many_runs_it_is_in(project):
    found = problems(project, "matrix:\n  case: [jiashan, jiashn, longgang]\n  pair: [grassroots_units, x]\n  years: [1, 2, 3]\n")
    assert [text.split(";")[0] for text in found] == [
        "3:19: case: there is no case 'jiashn'",
        "4:10: pair: there is no pair in case 'jiashan': 'grassroots_units'",
        "4:28: pair: there is no pair in case 'jiashan': 'x'",
    ]


def test_default_pair_that_does_not_fit_one_of_the_cases_must_be_given(project):
    (found,) = problems(project, "matrix: {case: [jiashan, longgang]}\n")
    assert found.startswith(
        "1:1: pair: give it: the notebook's default 'investment_approval_time' does not fit; there is no pair"
    )


def test_each_case_is_loaded_once_for_all_files(project, monkeypatch):
    loaded = []
    monkeypatch.setattr(params_module, "load_case", lambda name: loaded.append(name) or load_case(name))
    params(project, "run", f"{HEAD}matrix: {{years: [1, 2, 3]}}\n")
    params(project, "other", f"{HEAD}matrix: {{case: [longgang], pair: [grassroots_units], flag: [true, false]}}\n")
    assert len(load_runs(project)) == 5
    assert sorted(loaded) == ["jiashan", "longgang"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([], ["one", "run.001", "run.002", "run.003", "run.004", "run.005", "run.006"]),
        (["one"], ["one"]),
        (["run"], ["run.001", "run.002", "run.003", "run.004", "run.005", "run.006"]),
        (["run.004", "one", "run.002"], ["run.004", "one", "run.002"]),
        (["run.006", "run.006"], ["run.006"]),
        (["params/one.yaml", "one"], ["one"]),
        (["run.002", "params/run.yaml"], ["run.002", "run.001", "run.003", "run.004", "run.005", "run.006"]),
    ],
)
def test_runs_grids_members_and_files_may_be_asked_for(project, wanted, names):
    params(project, "run", SWEEP)
    params(project, "one", HEAD)
    assert [spec.name for spec in load_runs(project, wanted)] == names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("run.02", "did you mean 'run.002'? Allowed: one, run, run.001, run.002"),
        ("run.0002", "did you mean 'run.002'? Allowed: one, run, run.001, run.002"),
        ("rn", "did you mean 'run'? Allowed: one, run"),
        ("one.001", "did you mean 'one'? Allowed: one, run"),
        ("", "Allowed: one, run"),
    ],
)
def test_unknown_member_is_refused_with_the_nearest(project, name, said):
    params(project, "run", f"{HEAD}matrix: {{years: [1, 2]}}\n")
    params(project, "one", HEAD)
    with pytest.raises(ParameterError, match=f"^{re.escape(f'{name}: is neither a run nor a file; {said}')}$"):
        load_runs(project, [name])


def test_member_of_a_grid_elsewhere_is_not_taken_for_one_of_the_same_name(project, tmp_path):
    params(project, "run", SWEEP)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "run.yaml").write_text(HEAD, "utf-8")
    with pytest.raises(ParameterError, match=re.escape("a run 'run' also stands in params/run.yaml; rename one file")):
        load_runs(project, ["run.001", "elsewhere/run.yaml"])


AXES = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.integers(-9, 9), min_size=1, max_size=5, unique=True).map(tuple), min_size=1
)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(AXES)
def test_members_are_the_product_each_once_and_in_the_order_of_their_names(tmp_path_factory, axes):
    base = RunSpec("g", {"en": "G", "zh": "组"}, tmp_path_factory.getbasetemp(), {}, {"a": 0, "z": 1}, {}, "params/g.yaml")
    runs = members(base, axes, "")
    assert [tuple(run.choice.values()) for run in runs] == list(itertools.product(*axes.values()))
    assert [int(run.name.removeprefix("g.")) for run in runs] == list(range(1, len(runs) + 1))
    assert all(run.parameters == {"a": 0, "z": 1} | run.choice and list(run.grid.axes) == list(axes) for run in runs)
