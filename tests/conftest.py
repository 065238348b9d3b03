"""Fixtures that several parts of the tests share."""

import os
import shutil
from pathlib import Path

import pytest

from county_metrics.paths import data_root
from tests import made_up


@pytest.fixture
def data_copy(tmp_path):
    """A copy of the curated data folder that a test may spoil."""
    return shutil.copytree(data_root(), tmp_path / "data")


@pytest.fixture
def sources():
    """Folder with a reader's copy of the source texts, which are not part of the project."""
    named = os.environ.get("COUNTY_METRICS_SOURCES")
    if not named:
        pytest.skip("COUNTY_METRICS_SOURCES does not name a folder with the source texts")
    return Path(named)


@pytest.fixture
def made_up_data(tmp_path, monkeypatch):
    """A small data folder about places that do not exist; verification takes it for the curated one."""
    folder = made_up.data_folder(tmp_path / "data")
    for module in ("catalogue", "load", "verify"):
        monkeypatch.setattr(f"county_metrics.evidence.{module}.data_root", lambda: folder)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def made_up_texts(tmp_path):
    """The texts of the made-up data, in every rendition."""
    return made_up.text_folder(tmp_path / "texts")
