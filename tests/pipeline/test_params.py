"""Params files: everything wrong is named with its place, what is allowed and what was probably meant."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.errors import ParameterError
from county_metrics.pipeline.notebook import Parameter
from county_metrics.pipeline.params import load_runs
from county_metrics.pipeline.typed import typed
from tests.small_project import notebook, params

HEAD = "notebook: notebooks/tiny.ipynb\nparameters:\n"
NAMES = "case, day, flag, method, pair, rate, text, years"
CASES = "Allowed: anji, demonstration_zone, jiashan, linquan, longgang, national, tonglu; or the path of a folder that holds a case.yaml"
PAIRS = "Allowed: departmental_power_items, investment_approval_time"
WHOLE = "a whole number such as 3"
QUOTED = f"is in quotes, which makes it text; write {WHOLE} without quotes"
INSIDE = "must be the path of a file or folder inside the project, from its root"
CODE = "__import__('os').system('touch pwned')"

BAD_PARAMETERS = {
    "misspelt name": (
        "  yeers: 4",
        f"3:3: yeers: not a parameter of the notebook; "
        f"did you mean 'years'? Allowed: {NAMES}",
    ),
    "text for a number": ('  years: "3y"', f"3:10: years: '3y' {QUOTED}"),
    "number with a unit": ("  years: 3y", f"3:10: years: '3y' is not {WHOLE}"),
    "quoted number": ('  years: "3"', f"3:10: years: '3' {QUOTED}"),
    "full-width digits": ("  years: ３", f"3:10: years: '３' is not {WHOLE}; it holds full-width characters, write 3"),
    "superscript digit": ("  years: ²", f"3:10: years: '²' is not {WHOLE}; it holds full-width characters, write 2"),
    "clock time": ("  years: 12:30", f"3:10: years: '12:30' is not {WHOLE}"),
    "decimal for a whole number": ("  years: 3.0", f"3:10: years: '3.0' is not {WHOLE}"),
    "truth value for a number": ("  years: true", f"3:10: years: 'true' is not {WHOLE}"),
    "nothing": ("  years:", f"3:3: years: '' is not {WHOLE}"),
    "list": ("  years: [3]", f"3:10: years: must be one value ({WHOLE})"),
    "mapping": ("  years: {a: 1}", f"3:10: years: must be one value ({WHOLE})"),
    "duplicate key": ("  years: 3\n  years: 4", "4:3: years: this key stands twice, first in line 3"),
    "name that is code": (f'  "{CODE}": 1', f"3:3: {CODE}: not a parameter of the notebook; Allowed: {NAMES}"),
    "name with an assignment": (
        '  "years = 1; pwned": 1',
        f"3:3: years = 1; "
        f"pwned: not a parameter of the notebook; Allowed: {NAMES}",
    ),
    "template braces": ("  text: {{ x }}", "3:10: a key must be plain text"),
    "unknown case": ("  case: jiashn", f"3:9: case: there is no case 'jiashn'; did you mean 'jiashan'? {CASES}"),
    "unknown pair": (
        "  pair: investment_time",
        f"3:9: pair: there is no pair in case 'jiashan': 'investment_time'; "
        f"did you mean 'investment_approval_time'? {PAIRS}",
    ),
    "pair of another case": (
        "  pair: grassroots_units",
        f"3:9: pair: there is no pair in case 'jiashan': 'grassroots_units'; "
        f"{PAIRS}",
    ),
    "default pair of another case": (
        "  case: longgang",
        "3:3: pair: give it: the notebook's default 'investment_approval_time' does not fit; "
        "there is no pair in case 'longgang': 'investment_approval_time'; Allowed: grassroots_units",
    ),
    "no for false": ("  flag: no", "3:9: flag: 'no' is not true or false"),
    "day that does not exist": ("  day: 2014-02-30", "3:8: day: '2014-02-30' is not a date such as 2014-01-17"),
    "unknown choice": (
        "  method: men",
        "3:11: method: 'men' is not a choice; "
        "did you mean 'mean'? Allowed: mean, median",
    ),
    "empty text": ('  text: ""', "3:9: text: is empty; give text"),
}  # fmt: skip

BAD_FILES = {
    "empty": ("", "1:1: empty; it must hold 'key: value' lines"),
    "only a comment": ("# nothing\n", "1:1: empty; it must hold 'key: value' lines"),
    "not YAML": ("a: [1", "1:6: not YAML: expected ',' or ']', but got '<stream end>'; check brackets, quotes and indentation"),
    "a list": ("- a\n", "1:1: must hold 'key: value' lines at the top"),
    "two documents": ("notebook: notebooks/tiny.ipynb\n---\na: 1\n", "2:1: a second document starts here; a file holds one"),
    "an alias": ("notebook: notebooks/tiny.ipynb\ntitle: &x a\n", "2:8: anchors and aliases are not read; write the value out"),
    "no notebook": ("title: a\n", "1:1: notebook: must name a notebook; Allowed: notebooks/tiny.ipynb"),
    "absolute notebook": (
        "notebook: /etc/tiny.ipynb\n",
        "1:11: notebook: '/etc/tiny.ipynb' lies outside notebooks/; "
        "did you mean 'notebooks/tiny.ipynb'? Allowed: notebooks/tiny.ipynb",
    ),
    "notebook above": (
        "notebook: notebooks/../../tiny.ipynb\n",
        "1:11: notebook: 'notebooks/../../tiny.ipynb' lies outside notebooks/; "
        "did you mean 'notebooks/tiny.ipynb'? Allowed: notebooks/tiny.ipynb",
    ),
    "misspelt notebook": (
        "notebook: notebooks/tinny.ipynb\n",
        "1:11: notebook: there is no notebook 'notebooks/tinny.ipynb'; "
        "did you mean 'notebooks/tiny.ipynb'? Allowed: notebooks/tiny.ipynb",
    ),
    "parameters that are a list": (
        "notebook: notebooks/tiny.ipynb\nparameters: [1]\n",
        "2:13: parameters: must hold 'name: value' lines",
    ),
    "inputs that are no list": (
        "notebook: notebooks/tiny.ipynb\ninputs: extra.csv\n",
        "2:9: inputs: must be a list of files or folders, such as [extra/weather.csv]",
    ),
    "input that is not there": (
        "notebook: notebooks/tiny.ipynb\ninputs: [params/rum.yaml]\n",
        "2:10: inputs: there is no file or folder 'params/rum.yaml' in the project; "
        "did you mean 'params/run.yaml'? Allowed: params/run.yaml",
    ),
    "input below a folder that is not there": (
        "notebook: notebooks/tiny.ipynb\ninputs: [no/where/x.csv]\n",
        "2:10: inputs: there is no file or folder 'no/where/x.csv' in the project; Allowed: notebooks, params",
    ),
    "absolute input": ("notebook: notebooks/tiny.ipynb\ninputs: [/etc/hosts]\n", f"2:10: inputs: '/etc/hosts' {INSIDE}"),
    "input above": ("notebook: notebooks/tiny.ipynb\ninputs: [params/../../x]\n", f"2:10: inputs: 'params/../../x' {INSIDE}"),
    "the project as input": ("notebook: notebooks/tiny.ipynb\ninputs: [params/..]\n", f"2:10: inputs: 'params/..' {INSIDE}"),
    "input that is a list": ("notebook: notebooks/tiny.ipynb\ninputs: [[a]]\n", f"2:10: inputs: '' {INSIDE}"),
    "input named twice": (
        "notebook: notebooks/tiny.ipynb\ninputs: [params, ./params/]\n",
        "2:18: inputs: './params/' stands twice in the list; remove one",
    ),
    "notebook with a name no file may have": (
        'notebook: "notebooks/a\\0.ipynb"\n',
        "1:11: the character U+0000 cannot stand in a text; take it out",
    ),
    "curve without a matrix": (
        "notebook: notebooks/tiny.ipynb\ncurve: total\n",
        "2:8: curve: is drawn over the runs of a matrix, and there is none; add 'matrix:' or remove it",
    ),
    "title that is a list": (
        "notebook: notebooks/tiny.ipynb\ntitle: [a]\n",
        "2:8: title: must be text, or 'en' and 'zh' with a text each",
    ),
}


def problems(root, text):
    path = params(root, "run", text)
    with pytest.raises(ParameterError, match=re.escape("params/run.yaml")) as caught:
        load_runs(root)
    assert path.is_file()
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("line", "said"), BAD_PARAMETERS.values(), ids=BAD_PARAMETERS)
def test_bad_parameter_is_refused_with_its_place_and_what_is_allowed(project, line, said):
    assert problems(project, f"{HEAD}{line}\n") == [f"params/run.yaml:{said}"]


@pytest.mark.parametrize(("text", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_refused_with_its_place(project, text, said):
    assert problems(project, text) == [f"params/run.yaml:{said}"]


def test_misspelt_key_is_named_beside_what_is_missing(project):
    assert problems(project, "notebok: notebooks/tiny.ipynb\n") == [
        "params/run.yaml:1:1: notebok: not a key here; did you mean 'notebook'? Allowed: curve, inputs, matrix, notebook, parameters, title",
        "params/run.yaml:1:1: notebook: must name a notebook; Allowed: notebooks/tiny.ipynb",
    ]


def test_every_problem_of_every_file_is_named_at_once(project):
    params(project, "other", f"{HEAD}  years: x\n")
    found = problems(project, f"{HEAD}  yeers: 4\n  flag: yes\n  case: nowhere\n")
    assert [text.partition(": ")[0] for text in found] == [
        "params/other.yaml:3:10", "params/run.yaml:3:3", "params/run.yaml:4:9", "params/run.yaml:5:9",
    ]  # fmt: skip


def test_tag_of_yaml_builds_nothing(project):
    found = problems(project, f'{HEAD}  text: !!python/object/apply:os.system ["touch pwned"]\n')
    assert found == ["params/run.yaml:3:9: text: must be one value (text)"]
    assert not (project / "pwned").exists()


def test_link_out_of_the_notebooks_folder_is_refused(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "tiny.ipynb"
    notebook(outside)
    (project / "notebooks" / "link.ipynb").symlink_to(outside)
    found = problems(project, "notebook: notebooks/link.ipynb\n")
    assert found[0].startswith("params/run.yaml:1:11: notebook: 'notebooks/link.ipynb' lies outside notebooks/")


def test_number_that_no_machine_can_hold_is_refused(project):
    found = problems(project, f"{HEAD}  rate: 1e999\n")
    assert found[0].startswith("params/run.yaml:3:9: rate: '1e999' is not a number")


def test_unknown_run_names_the_nearest(project):
    with pytest.raises(ParameterError, match=re.escape("ru: is neither a run nor a file; did you mean 'run'? Allowed: run")):
        load_runs(project, ["ru"])


def test_missing_params_file_is_named(project):
    with pytest.raises(ParameterError, match=re.escape("nowhere.yaml: cannot be read: no such file or directory")):
        load_runs(project, ["nowhere.yaml"])


def test_empty_params_folder_says_what_to_add(project):
    (project / "params" / "run.yaml").unlink()
    with pytest.raises(ParameterError, match=re.escape("params: holds no .yaml file; add one that names a notebook")):
        load_runs(project)


def test_name_of_a_file_must_do_as_name_of_a_run(project):
    params(project, "Run 1", "notebook: notebooks/tiny.ipynb\n")
    with pytest.raises(ParameterError, match=re.escape("params/Run 1.yaml: the file's name becomes the run's")):
        load_runs(project)


def test_two_files_of_one_name_are_refused(project, tmp_path):
    other = tmp_path / "elsewhere" / "run.yaml"
    other.parent.mkdir()
    other.write_text("notebook: notebooks/tiny.ipynb\n", "utf-8")
    with pytest.raises(ParameterError, match=re.escape("a run 'run' also stands in params/run.yaml; rename one file")):
        load_runs(project, ["run", "elsewhere/run.yaml"])


def test_good_file_gives_typed_values_and_the_defaults_of_the_rest(project):
    params(project, "run", f"{HEAD}  years: 5\n  rate: 2\n  flag: false\n  day: 2020-02-29\n  text: 嘉善\n")
    (spec,) = load_runs(project)
    given = {"years": 5, "rate": 2.0, "flag": False, "day": "2020-02-29", "text": "嘉善"}
    rest = {"method": "mean", "case": "jiashan", "pair": "investment_approval_time"}
    assert spec.given == given
    assert spec.parameters == given | rest
    assert [type(spec.given[name]) for name in given] == [int, float, bool, str, str]


def test_inputs_are_kept_as_plain_paths_from_the_root(project):
    params(project, "run", "notebook: notebooks/tiny.ipynb\ninputs:\n  - ./params//run.yaml\n  - notebooks/\n")
    assert load_runs(project)[0].inputs == ("params/run.yaml", "notebooks")


def test_notebook_with_a_fault_is_named_once_for_all_its_files(project):
    notebook(project / "notebooks" / "tiny.ipynb", parameters="years = 3")
    params(project, "other", f"{HEAD}  years: 4\n")
    with pytest.raises(ParameterError, match="must read 'name: kind = value") as caught:
        load_runs(project)
    assert [problem.path for problem in caught.value.problems] == ["notebooks/tiny.ipynb"]


def test_value_that_cannot_be_read_is_not_blamed_again_on_the_default(project):
    found = problems(project, f"{HEAD}  case: longgang\n  pair: [grassroots_units]\n")
    assert found == ["params/run.yaml:4:9: pair: must be one value (the id of a before/after pair of the case)"]


def test_leading_zero_is_decimal_and_null_is_text(project):
    params(project, "run", f"{HEAD}  years: 010\n  text: null\n")
    assert load_runs(project)[0].given == {"years": 10, "text": "null"}


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(-(10**18), 10**18))
def test_whole_number_is_read_as_itself(value):
    assert typed(str(value), Parameter("years", "int", 1)) == value


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_is_read_as_itself(value):
    assert typed(repr(value), Parameter("rate", "float", 1.0)) == value


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=12))
def test_what_is_not_ascii_digits_is_never_a_whole_number(text):
    if re.fullmatch(r"[+-]?[0-9]+", text):
        assert typed(text, Parameter("years", "int", 1)) == int(text)
    else:
        with pytest.raises(ValueError, match="is not a whole number such as 3"):
            typed(text, Parameter("years", "int", 1))
