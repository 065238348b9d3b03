"""What did not change is taken from the site of before, and only that."""

import contextlib
import json

import pytest

from county_metrics.pipeline.runner import Limits
from county_metrics.present import tables
from county_metrics.report.build import build_report
from county_metrics.report.reuse import Earlier
from tests.small_project import RECORD, contents, notebook, params


@pytest.fixture
def project(tmp_path, monkeypatch):
    notebook(tmp_path / "notebooks" / "tiny.ipynb", "total = int(Path(f'{text}.txt').read_text())", RECORD)
    for name in ("first", "other"):
        params(tmp_path, name, f"notebook: notebooks/tiny.ipynb\nparameters: {{text: {name}}}\n")
        (tmp_path / f"{name}.txt").write_text("1", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert build_report([], Limits(2)) == 0
    return tmp_path


def test_one_changed_run_makes_its_own_pages_anew_and_no_others(project):
    site = project / "build" / "report"
    kept = {path.relative_to(site.resolve()).as_posix(): path.stat().st_ino for path in site.resolve().rglob("*.html")}
    (project / "other.txt").write_text("2", "utf-8")
    assert build_report([], Limits(2)) == 0
    now = {path.relative_to(site.resolve()).as_posix(): path.stat().st_ino for path in site.resolve().rglob("*.html")}
    anew = sorted(name for name in now if now[name] != kept.get(name) and not name.startswith("data/"))
    overviews = ["index.html", "reproduce.html", "runs/other.html", "search.html"]
    assert anew == sorted([*overviews, *(f"zh/{name}" for name in overviews)])


def test_pages_taken_over_are_the_same_bytes_as_pages_made_anew(project):
    site = project / "build" / "report"
    (project / "other.txt").write_text("2", "utf-8")
    assert build_report([], Limits(2)) == 0
    taken = contents(site)
    with contextlib.suppress(FileNotFoundError):
        (site / "manifest.json").unlink()
    assert build_report([], Limits(2)) == 0
    assert contents(site) == taken


def test_damaged_page_is_made_anew(project):
    page = project / "build" / "report" / "audit.html"
    good = page.read_bytes()
    page.write_bytes(b"x" + good[1:])
    (project / "other.txt").write_text("2", "utf-8")
    assert build_report([], Limits(2)) == 0
    assert page.read_bytes() == good


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 3, "made": 4}', '{"files": {}, "made": {"a.html": "1"}}'])
def test_without_a_good_manifest_nothing_is_taken(tmp_path, manifest):
    (tmp_path / "a.html").write_text("page", "utf-8")
    (tmp_path / "manifest.json").write_text(manifest, "utf-8")
    assert Earlier(tmp_path).read("a.html", "1") is None


def test_what_shaped_each_page_stands_in_the_manifest(project):
    manifest = json.loads((project / "build" / "report" / "manifest.json").read_text("utf-8"))
    assert set(manifest["made"]) <= set(manifest["files"])
    assert "runs/first.html" in manifest["made"]


@pytest.mark.parametrize("text", ["=cmd()", "+1+2", "-2+3", "@SUM(A1)", "\tx", "=1"])
def test_text_that_looks_like_a_formula_is_made_inert(text):
    assert tables.inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-62.6087", "+5", "1e-7", "-inf", "plain", "", "a=b"])
def test_numbers_and_plain_words_stay(text):
    assert tables.inert(text) == text
