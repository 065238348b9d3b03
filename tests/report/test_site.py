"""The site as files: complete without network and script, in two languages, the same bytes every time."""

import csv
import hashlib
import json
import re
from collections import Counter

from county_metrics.evidence.frames import curated
from county_metrics.evidence.load import case_ids
from county_metrics.pipeline.runner import Limits
from county_metrics.report.build import build_report
from tests.report.conftest import HOSTILE, build_site, write_project
from tests.small_project import contents

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:"
SHOWN = "<script>alert(1)</script> {{ 7*7 }} {% raw %} \"'><img src=x onerror=alert(1)>"


def test_every_page_stands_in_both_languages(pages):
    english = sorted(name for name in pages if not name.startswith("zh/"))
    runs = [name for name in english if name.startswith("runs/")]
    assert runs == ["runs/broken-error.html", "runs/hostile.html", "runs/plain.html"]
    folders = Counter(name.rpartition("/")[0] for name in english)
    assert folders == {"": 7, "cases": len(case_ids()) + 1, "evidence": len(curated().figures) + 1, "runs": 3}
    assert sorted(name.removeprefix("zh/") for name in pages if name.startswith("zh/")) == english


def test_every_page_declares_its_language(pages):
    for name, page in pages.items():
        assert page.named("html") == [{"lang": "zh-Hans" if name.startswith("zh/") else "en"}]


def test_both_languages_of_a_page_link_to_each_other(site, pages):
    for name, page in pages.items():
        (link,) = [a for a in page.named("a") if a.get("class") == "cm-lang"]
        other = name.removeprefix("zh/") if name.startswith("zh/") else f"zh/{name}"
        assert ((site / name).parent / link["href"]).resolve() == (site / other).resolve()
        assert link["lang"] == link["hreflang"] == ("en" if name.startswith("zh/") else "zh-Hans")


def test_every_page_has_the_content_policy(pages):
    for page in pages.values():
        assert [meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"] == [POLICY]


def test_no_page_has_a_script_of_its_own(pages):
    for page in pages.values():
        assert [script for script in page.named("script") if not script.get("src")] == []


def test_no_page_has_inline_style_or_handlers(pages):
    found = [
        (name, tag, attribute)
        for name, page in pages.items()
        for tag, attributes in page.tags
        for attribute in attributes
        if attribute == "style" or attribute.startswith("on") or tag == "style"
    ]
    assert found == []


def test_no_page_loads_anything_from_elsewhere(pages):
    loaded = [
        value
        for page in pages.values()
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "poster") or (tag == "link" and name == "href")
    ]
    assert loaded
    assert [address for address in loaded if re.match(r"(?!data:)[a-z]+:|//", address)] == []


def test_no_style_sheet_loads_anything_from_elsewhere(site):
    sheet = (site / "static" / "site.css").read_text("utf-8")
    assert re.findall(r"url\(([^)]*)\)", sheet) == ['"fonts/regular.woff"', '"fonts/bold.woff"']
    assert "@import" not in sheet


def test_every_address_inside_the_site_resolves(site, pages):
    missing = []
    for name, page in pages.items():
        ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
        for _, attributes in page.tags:
            for address in (attributes.get("href"), attributes.get("src")):
                if address is None or re.match(r"[a-z]+:", address):
                    continue
                path, _, anchor = address.partition("#")
                target = (site / name).parent / path if path else site / name
                here = target.resolve().relative_to(site.resolve()).as_posix()
                known = ids if not path else {a["id"] for _, a in pages[here].tags if "id" in a} if here in pages else set()
                if not target.is_file() or (anchor and anchor not in known):
                    missing.append((name, address))
    assert missing == []


def test_ids_of_a_page_are_unique(pages):
    for page in pages.values():
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert sorted(set(ids)) == sorted(ids)


def test_hostile_title_parameter_and_words_are_shown_as_text(pages):
    assert HOSTILE == SHOWN
    for name in ("runs/hostile.html", "zh/runs/hostile.html"):
        text = pages[name].text
        assert text.count(SHOWN) >= 4
        assert "<script>alert(2)</script>" in text
        assert "49" not in text
    assert "ValueError: <script>alert(6)</script> {{ 7*7 }}" in pages["runs/broken-error.html"].text


def test_foreign_html_keeps_its_words_and_loses_what_acts(pages):
    page = pages["runs/hostile.html"]
    assert "own words" in page.text
    assert [a for a in page.named("a") if "javascript" in (a.get("href") or "")] == []
    assert [image for image in page.named("img") if "example.org" in (image.get("src") or "")] == []


def test_every_image_has_words_for_who_cannot_see_it(pages):
    figures = [image for image in pages["runs/plain.html"].named("img") if (image.get("src") or "").endswith(".svg")]
    assert [image["alt"] for image in figures] == ["A line"]
    figures = [image for image in pages["zh/runs/plain.html"].named("img") if (image.get("src") or "").endswith(".svg")]
    assert [image["alt"] for image in figures] == ["一条线"]


def test_no_image_is_without_an_address(pages):
    assert [name for name, page in pages.items() for image in page.named("img") if image.get("src") == ""] == []


def test_number_leads_to_the_cell_that_shows_it(site, pages):
    assert "12,345" in pages["runs/plain.html"].text
    html = (site / "runs" / "plain.html").read_text("utf-8")
    assert set(re.findall(r'<a class="cm-ref" href="([^"]*)"><data value="12345"', html)) == {"#cell-cell-3"}


def test_failed_run_is_said_first_on_the_overview(pages):
    text = pages["index.html"].text
    assert text.index("Runs that did not finish") < text.index("Published changes")
    assert "未完成的运行" in pages["zh/index.html"].text


def test_results_of_every_run_stand_in_one_table(site):
    with (site / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["text"], row["name"], row["value"], row["low"]) for row in rows] == [
        ("hostile", HOSTILE, "total", "12345", ""), ("plain", "嘉善", "total", "12345", ""),
    ]  # fmt: skip


def test_manifest_lists_every_run_and_every_file_with_its_hash(site):
    manifest = json.loads((site / "manifest.json").read_text("utf-8"))
    files = contents(site, leaving_out=["manifest.json"])
    assert manifest["files"] == {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
    }
    assert {name: run["state"] for name, run in manifest["runs"].items()} == {
        "broken": "failed",
        "hostile": "done",
        "plain": "done",
    }


def test_site_is_the_same_bytes_from_another_folder(site, tmp_path):
    other = build_site(write_project(tmp_path / "elsewhere" / "project"))
    assert contents(other) == contents(site)
    stores = [contents(folder.resolve().parents[1] / "store", leaving_out=["run.json"]) for folder in (site, other)]
    assert stores[0] == stores[1]


def test_current_site_is_left_alone(site, monkeypatch):
    root = site.parents[1]
    (root / "params" / "broken.yaml").rename(root / "broken.yaml")
    monkeypatch.chdir(root)
    try:
        assert build_report([], Limits(2)) == 0
        page = site / "index.html"
        before = page.stat().st_mtime_ns, site.resolve()
        assert build_report([], Limits(2)) == 0
        assert (page.stat().st_mtime_ns, site.resolve()) == before
    finally:
        (root / "broken.yaml").rename(root / "params" / "broken.yaml")
        build_report([], Limits(2))
