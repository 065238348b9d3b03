"""Sites of small projects, built once each."""

import contextlib
from html.parser import HTMLParser

import pytest

from county_metrics.pipeline.runner import Limits
from county_metrics.report.build import build_report
from tests.small_project import PLOT, RECORD, notebook, params

HOSTILE = "<script>alert(1)</script> {{ 7*7 }} {% raw %} \"'><img src=x onerror=alert(1)>"
PRINTED = """\
print("<script>alert(2)</script>", "\\x1b[38;5;28mgreen\\x1b[0m")
html = "<script>alert(3)</script><p style='color:red' onclick='x()'>own <b>words</b></p>"
display({"text/html": html + "<img src='http://example.org/a.png'>"}, raw=True)
"""
MARKDOWN = "## Words <script>alert(4)</script>\n\n{{ 7*7 }} [away](javascript:alert(5)) ![far](http://example.org/b.png)"


class Page(HTMLParser):
    """Tags of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def write_project(root):
    """Three runs: hostile words, plain words, and one that fails."""
    notebook(root / "notebooks" / "tiny.ipynb", PRINTED, PLOT, "total = 12345", RECORD, before=[MARKDOWN])
    notebook(
        root / "notebooks" / "broken.ipynb", PLOT, "raise ValueError('<script>alert(6)</script> {{ 7*7 }}')", "total = 1", RECORD
    )
    quoted = HOSTILE.replace("'", "''")
    params(
        root,
        "hostile",
        f"notebook: notebooks/tiny.ipynb\ntitle:\n  en: '{quoted}'\n  zh: '中 {quoted}'\nparameters:\n  text: '{quoted}'\n",
    )
    params(root, "plain", "notebook: notebooks/tiny.ipynb\ntitle: {en: Plain words, zh: 平常的话}\nparameters: {text: 嘉善}\n")
    params(root, "broken", "notebook: notebooks/broken.ipynb\n")
    return root


def page_names(site):
    """Every page of a site; tables for journals among the data are no pages."""
    names = (path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")))
    return [name for name in names if not name.startswith("data/")]


def build_site(root):
    with contextlib.chdir(root):
        status = build_report([], Limits(2))
    assert status == 1
    return root / "build" / "report"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    return build_site(write_project(tmp_path_factory.mktemp("site")))


@pytest.fixture(scope="session")
def pages(site):
    # Tables for journals are downloads, no pages.
    found = [path for path in sorted(site.rglob("*.html")) if path.relative_to(site).parts[0] != "data"]
    return {path.relative_to(site).as_posix(): Page(path.read_text("utf-8")) for path in found}
