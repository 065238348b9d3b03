"""A project whose notebook declares a parameter of every kind; nothing of it is executed."""

import pytest

from tests.small_project import RECORD, notebook, params

EVERY_KIND = """\
text: str = "a"  # a word
years: int = 3
rate: float = 1.5
flag: bool = True
day: date = "2014-01-17"
method: Choice["mean", "median"] = "mean"
case: CaseId = "jiashan"
pair: PairId = "investment_approval_time"
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    notebook(tmp_path / "notebooks" / "tiny.ipynb", "total = years", RECORD, parameters=EVERY_KIND)
    params(tmp_path, "run", "notebook: notebooks/tiny.ipynb\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path
