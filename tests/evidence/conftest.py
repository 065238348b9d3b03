import pytest


@pytest.fixture
def data(data_copy, monkeypatch):
    """The copied data folder, named ``data/…`` in messages."""
    monkeypatch.chdir(data_copy.parent)
    return data_copy
