"""Folders that the tests of the evidence may spoil, and a case of a reader's own."""

import re

import pytest

HEAD = 'id: mine\nname_en: "Mine"\nname_zh: "我的"\n'


@pytest.fixture
def data(data_copy, monkeypatch):
    """The copied data folder, named ``data/…`` in messages, without what refers to its figures and cases.

    Claims, mechanisms, corrections and the lock repeat ids; they have tests of their own.
    """
    for path in (*data_copy.glob("cases/*/claims.yaml"), *(data_copy / name for name in REFERRING)):
        path.unlink()
    for path in data_copy.glob("cases/*/case.yaml"):
        path.write_text(re.sub(r"(?m)^    mechanisms: \[.*\]$", "    mechanisms: []", path.read_text("utf-8")), "utf-8")
    monkeypatch.chdir(data_copy.parent)
    return data_copy


REFERRING = ("mechanisms.csv", "uncovered.csv", "corrections.yaml", "anchors.lock.csv")


@pytest.fixture
def case(tmp_path, monkeypatch):
    """Write a case with one table; gives its folder."""
    monkeypatch.chdir(tmp_path)

    def write(block, text, more="", encoding="utf-8"):
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        (folder / "case.yaml").write_text(HEAD + block + more, "utf-8")
        name = block.partition(":")[0]
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return folder

    return write
