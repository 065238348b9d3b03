"""The command line as a reader meets it: exit status, what is said and where, nothing done for bad input."""

import pytest

from tests.small_project import RECORD, notebook, params, run_command

CELL = """\
text: str = "a"  # a word
years: int = 3  # how long
case: CaseId = "jiashan"
pair: PairId = "investment_approval_time"
"""
CODE = "__import__('os').system('touch pwned')"


@pytest.fixture
def project(tmp_path):
    notebook(tmp_path / "notebooks" / "tiny.ipynb", "Path('ran').touch(); total = years", RECORD, parameters=CELL)
    params(tmp_path, "run", "notebook: notebooks/tiny.ipynb\n")
    return tmp_path


def untouched(root):
    return sorted(path.name for path in root.iterdir()) == ["notebooks", "params"]


def test_bad_input_ends_with_status_2_every_problem_on_stderr_and_nothing_done(project):
    params(
        project, "run",
        f'notebook: notebooks/tiny.ipynb\nparameters:\n  yeers: 4\n  years: "3y"\n  case: jiashn\n  "{CODE}": 1\n',
    )  # fmt: skip
    params(project, "twice", "notebook: notebooks/tiny.ipynb\nparameters:\n  years: 3\n  years: 4\n")
    params(project, "outside", "notebook: ../tiny.ipynb\n")
    params(project, "void", "")
    status, out, err = run_command("report", cwd=project)
    assert (status, out) == (2, "")
    allowed = "not a parameter of the notebook; "
    names = "Allowed: case, pair, text, years"
    assert err.splitlines() == [
        "params/outside.yaml:1:11: notebook: '../tiny.ipynb' lies outside notebooks/; "
        "did you mean 'notebooks/tiny.ipynb'? Allowed: notebooks/tiny.ipynb",
        f"params/run.yaml:3:3: yeers: {allowed}did you mean 'years'? {names}",
        "params/run.yaml:4:10: years: '3y' is in quotes, which makes it text; write a whole number such as 3 without quotes",
        "params/run.yaml:5:9: case: there is no case 'jiashn'; did you mean 'jiashan'? "
        "Allowed: anji, demonstration_zone, jiashan, linquan, longgang, national, tonglu; "
        "or the path of a folder that holds a case.yaml",
        f"params/run.yaml:6:3: {CODE}: {allowed}{names}",
        "params/twice.yaml:4:3: years: this key stands twice, first in line 3",
        "params/void.yaml:1:1: empty; it must hold 'key: value' lines",
    ]
    assert untouched(project)


def test_bad_input_is_a_message_and_never_a_traceback(project):
    (project / "notebooks" / "tiny.ipynb").write_text("{", "utf-8")
    status, _, err = run_command("report", cwd=project)
    assert status == 2
    assert err.startswith("notebooks/tiny.ipynb: cannot be read as a notebook: ")
    assert "Traceback" not in err


def test_folder_that_is_no_project_says_what_is_missing(tmp_path):
    status, _, err = run_command("report", cwd=tmp_path)
    assert (status, err) == (2, "params: holds no .yaml file; add one that names a notebook\n")
    assert list(tmp_path.iterdir()) == []


def test_unknown_run_and_unknown_option_have_status_2(project):
    assert run_command("report", "ru", cwd=project)[::2] == (
        2,
        "ru: is neither a run nor a file; did you mean 'run'? Allowed: run\n",
    )
    status, _, err = run_command("report", "--job", "2", cwd=project)
    assert status == 2
    assert "No such option" in err


def test_build_folder_that_cannot_be_made_has_status_1(project):
    (project / "build").write_text("a file", "utf-8")
    status, _, err = run_command("report", cwd=project)
    assert status == 1
    assert err.endswith("build: cannot be written (file exists); free or unlock it and run again\n")


def test_dry_run_from_a_folder_inside_the_project_says_what_would_run(project):
    status, out, err = run_command("report", "--dry-run", cwd=project / "notebooks")
    assert (status, out, err) == (0, "run: would run (has not run before)\n", "")
    assert untouched(project)


def test_value_of_any_look_stays_a_value(project):
    text = 'a"; Path("pwned").touch(); "'
    params(project, "run", f"notebook: notebooks/tiny.ipynb\nparameters:\n  text: '{text}'\n  years: 5\n")
    status, out, err = run_command("report", cwd=project)
    assert (status, err) == (0, "")
    assert "1 executed, 0 up to date, 0 not finished" in out
    assert (project / "ran").exists()
    assert not (project / "pwned").exists()
    assert '"value": "5"' in (project / "build" / "runs" / "run" / "results.json").read_text("utf-8")


def test_clean_removes_the_build_folder_and_nothing_else(project):
    (project / "build").mkdir()
    (project / "build" / "a").touch()
    assert run_command("clean", cwd=project) == (0, "", "")
    assert untouched(project)


def test_check_of_the_project_names_bad_params_with_status_2(project):
    assert run_command("check", cwd=project) == (0, "all well\n", "")
    params(project, "run", "notebook: notebooks/tiny.ipynb\nparameters: {yeers: 4}\n")
    status, out, err = run_command("check", cwd=project)
    assert (status, out) == (2, "")
    assert err.splitlines()[0].startswith("params/run.yaml:2:14: yeers: not a parameter of the notebook; did you mean 'years'?")
    assert err.splitlines()[1] == "1 problem"
