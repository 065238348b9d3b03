"""Folders that the tests of the evidence may spoil."""

import re

import pytest


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
