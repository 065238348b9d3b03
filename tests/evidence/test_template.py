"""The template of a reader's own case is without fault as it is written, and nothing is overwritten."""

import pytest

from county_metrics.errors import DataError
from county_metrics.evidence.load import load_case
from county_metrics.evidence.template import KINDS, new_case
from county_metrics.evidence.verify import check_data
from tests.small_project import run_command


@pytest.mark.parametrize("kind", KINDS)
def test_every_template_is_without_fault(tmp_path, kind):
    new_case(tmp_path / "mine", kind)
    assert check_data(tmp_path / "mine") == []
    case = load_case(tmp_path / "mine")
    assert all(getattr(case, name)().attrs["simulated"] for name in case.tables)
    assert set(case.tables) == ({"records", "series", "panel"} if kind == "all" else {kind} - {"figures"})


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("mine", "utf-8")
    with pytest.raises(DataError, match="is not empty; name a new folder, nothing was written"):
        new_case(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_an_unknown_kind_and_a_file_in_the_way_are_told(tmp_path):
    with pytest.raises(DataError, match=r"kind: 'recrods' is not allowed; did you mean 'records'\?"):
        new_case(tmp_path / "a", "recrods")
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(DataError, match="cannot be written: "):
        new_case(tmp_path / "file")


def test_the_commands_write_check_and_refuse(tmp_path):
    assert run_command("new-case", "mine", "--kind", "records", cwd=tmp_path)[:2] == (0, "mine/case.yaml\nmine/records.csv\n")
    assert run_command("check", "mine", cwd=tmp_path)[:2] == (0, "all well\n")
    assert run_command("new-case", "mine", cwd=tmp_path)[0] == 2
    path = tmp_path / "mine" / "records.csv"
    path.write_text(path.read_text("utf-8").replace("2013-11-04", "２０１３-11-04").replace("2014-03-05", "2014/3/5"), "utf-8")
    status, _, err = run_command("check", "mine", cwd=tmp_path)
    assert status == 2
    assert [line.split(": ")[1] for line in err.splitlines()[:-1]] == ["received_on", "closed_on"]
