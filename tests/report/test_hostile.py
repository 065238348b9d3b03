"""Hostile words in curated data: shown as text on every page of evidence; nothing runs."""

import dataclasses

import pytest

from county_metrics.evidence.catalogue import Catalogue
from county_metrics.evidence.frames import curated
from county_metrics.report.cards import grade_items
from county_metrics.report.curated import curated_pages
from county_metrics.report.search import search_script
from county_metrics.report.site import rendered
from tests.report.conftest import Page

LONG = "x" * 10_000
HOSTILE = f"<script>alert(1)</script> {{{{ 7*7 }}}} {{% raw %}} \"'><img src=x onerror=alert(1)> javascript:alert(1) =cmd() \u202eback {LONG}"
SHOWN = HOSTILE.replace("\u202e", "[U+202E]")


def spoil(value):
    """Every text in two languages replaced, wherever it stands."""
    if isinstance(value, dict):
        return dict.fromkeys(value, HOSTILE) if set(value) == {"en", "zh"} else {key: spoil(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(map(spoil, value))
    if dataclasses.is_dataclass(value):
        kept = {field.name: spoil(getattr(value, field.name)) for field in dataclasses.fields(value) if field.name != "place"}
        return dataclasses.replace(value, **kept)
    return value


@pytest.fixture(scope="module")
def hostile():
    data = curated()
    case = spoil(dataclasses.replace(next(c for c in data.cases if c.id == "demonstration_zone"), figures=()))
    figures = tuple(
        dataclasses.replace(spoil(figure), printed=HOSTILE, quote=HOSTILE)
        for figure in next(c for c in data.cases if c.id == "demonstration_zone").figures
    )
    kept = {figure.id for figure in figures}
    claims = tuple(spoil(c) for c in data.claims if c.case == "demonstration_zone")
    mechanisms = tuple(
        dataclasses.replace(spoil(m), figures=tuple(name for name in m.figures if name in kept))
        for m in data.mechanisms
        if m.case == "demonstration_zone"
    )
    return Catalogue(data.words, (dataclasses.replace(case, figures=figures),), claims, mechanisms, (), ())


@pytest.fixture(scope="module", params=["en", "zh"])
def pages(request, hostile):
    made = curated_pages(hostile, request.param, {"surface_water_good_share": [("runs/a.html", HOSTILE)]})
    return {path: Page(rendered(template, context)) for path, template, context in made}


def test_hostile_words_are_shown_as_text(pages):
    for path in ("cases/index.html", "cases/demonstration_zone.html", "audit.html", "mechanisms.html", "evidence/index.html"):
        assert " ".join(SHOWN.split()) in pages[path].text, path
    assert all("49" not in page.text.replace("7*7", "") for page in pages.values() if page is pages["audit.html"])


def test_nothing_of_them_becomes_markup(pages):
    for path, page in pages.items():
        assert [s for s in page.named("script") if not s.get("src", "").startswith("../")] == [] or path == "evidence/index.html"
        assert page.named("img") == []
        attributes = [(name, value) for _, found in page.tags for name, value in found.items()]
        assert [name for name, _ in attributes if name.startswith("on") or name == "style"] == []
        assert [
            v for name, v in attributes if name in ("href", "src") and (v or "").strip().lower().startswith("javascript")
        ] == []


def test_no_sign_turns_the_direction(hostile):
    made = [rendered(template, context) for _, template, context in curated_pages(hostile, "en", {})]
    assert not any("\u202e" in page for page in made)


def test_the_search_index_holds_them_as_text_only(hostile):
    script = search_script(hostile, [], [])
    assert script.startswith("window.cmIndex = {")
    assert "<script>alert(1)</script>" in script
    assert script.count("\n") == 1


def test_hostile_words_change_no_grade(hostile):
    assert [grade_items(figure)["dates"] for figure in hostile.figures.values()][:2] == [True, True]
