"""Fixtures that several parts of the tests share."""

import shutil

import pytest

from county_metrics.paths import data_root


@pytest.fixture
def data_copy(tmp_path):
    """A copy of the curated data folder that a test may spoil."""
    return shutil.copytree(data_root(), tmp_path / "data")
