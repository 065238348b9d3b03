"""The site in a real browser: nothing fetched from elsewhere, no error, readable, accessible in both schemes."""

import shutil
from pathlib import Path

import pytest

from tests.small_project import CHECKOUT, run_command

BROWSER = Path("/usr/bin/chromium")
JIASHAN = "runs/jiashan-investment-approval.html"
PAGES = ["index.html", JIASHAN, "zh/index.html", f"zh/{JIASHAN}"]

pytestmark = pytest.mark.skipif(
    not BROWSER.exists(), reason=f"no browser at {BROWSER}; install Debian's chromium to run these tests"
)


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    """The checkout's report where it is built, else that of the Jiashan run, in a folder where no build changes it."""
    folder = tmp_path_factory.mktemp("own")
    built = CHECKOUT / "build" / "report"
    if not (built / JIASHAN).is_file():
        for name in ("notebooks", "params"):
            shutil.copytree(CHECKOUT / name, folder / name)
        status, _, err = run_command("report", "jiashan-investment-approval", cwd=folder)
        assert status == 0, err
        built = folder / "build" / "report"
    return Path(shutil.copytree(built, folder / "site"))


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(BROWSER), args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """One page as opened: what it asked for and what it complained about."""

    def __init__(self, browser, site, name, width=1280, scheme="light"):
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.asked, self.failed, self.errors = [], [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.on(
            "console", lambda message: self.errors.append(message.text) if message.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto((site / name).as_uri(), wait_until="load")
        self.page.evaluate("document.fonts.ready.then(() => null)")

    @property
    def text(self):
        return " ".join(self.page.inner_text("main").split())


@pytest.fixture
def visit(chromium, own_site):
    visits = []

    def open_page(name, site=own_site, **options):
        visits.append(Visit(chromium, site, name, **options))
        return visits[-1]

    yield open_page
    for opened in visits:
        opened.page.close()


@pytest.fixture(scope="module")
def texts(chromium, own_site):
    """Text of the Jiashan page in both languages."""
    found = {}
    for language, name in (("en", JIASHAN), ("zh", f"zh/{JIASHAN}")):
        opened = Visit(chromium, own_site, name)
        found[language] = opened.text
        opened.page.close()
    return found


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_only_for_files_of_the_site_and_has_no_error(visit, own_site, name):
    opened = visit(name)
    assert opened.asked
    assert [url for url in opened.asked if not url.startswith((own_site.as_uri() + "/", "data:"))] == []
    assert (opened.failed, opened.errors) == ([], [])


@pytest.mark.parametrize("name", PAGES)
def test_shipped_font_is_loaded_and_draws_the_page(visit, name):
    opened = visit(name)
    loaded = opened.page.evaluate(
        "[...document.fonts].filter(font => font.status === 'loaded').map(font => font.family.replaceAll('\"', ''))"
    )
    assert "CM Sans" in loaded
    assert opened.page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"CM Sans"')


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_page_does_not_scroll_sideways(visit, name, width):
    opened = visit(name, width=width)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_is_drawn(visit, name):
    widths = visit(name).page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert widths
    assert min(widths) > 0


@pytest.mark.parametrize(
    "words",
    [
        "230 working days", "86 working days", "−144", "−62.6", "[−62.9, −62.3]", "[−63.6, −61.6]", "0.374", "−28.0",
        "unstated: mean, median or limit is not said", "until 2014-01-16 (inferred)",
        "Author's interest",
        "The authors are serving officials on a course of the provincial Party school.",
        "Are the dates of both figures printed?",
        "Is it said which statistic the figures are?",
        "Is the scope the same before and after?", "Is the source independent of the case?",
        "Refused: a significance test (a p-value)", "any p-value would be invented",
    ],
)  # fmt: skip
def test_jiashan_page_says(texts, words):
    assert words in texts["en"]


@pytest.mark.parametrize(
    "words",
    [
        "230个工作日", "86个工作日", "−144", "−62.6", "−28.0", "嘉善", "推断",
        "两个数字的日期都已载明吗？", "说明了数字是哪种统计量吗？",
        "前后口径相同吗？", "来源独立于该案例吗？", "拒绝",
    ],
)  # fmt: skip
def test_chinese_jiashan_page_says(texts, words):
    assert words in texts["zh"]


def test_jiashan_page_says_that_no_effect_is_claimed(texts):
    assert "why a change is not yet an effect" in texts["en"]
    assert "变化还不是效应" in texts["zh"]


def test_one_click_leads_to_the_other_language_and_back(visit):
    page = visit(JIASHAN).page
    page.click("a.cm-lang")
    assert page.url.endswith(f"/zh/{JIASHAN}")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    page.click("a.cm-lang")
    assert page.get_attribute("html", "lang") == "en"


def test_number_on_the_overview_leads_to_the_cell_that_shows_it(visit):
    page = visit("index.html").page
    page.click("td.cm-strong a.cm-ref >> nth=0")
    assert "/runs/" in page.url
    assert page.locator(f"[id='{page.url.partition('#')[2]}']").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(visit(name, scheme=scheme).page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", ["index.html", "runs/hostile.html", "runs/broken-error.html", "zh/runs/broken-error.html"])
def test_hostile_and_failed_runs_make_no_error_and_no_request(visit, site, name):
    opened = visit(name, site=site.resolve())
    assert [url for url in opened.asked if not url.startswith((site.resolve().as_uri() + "/", "data:"))] == []
    assert opened.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_an_error_page(visit, site, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(visit("runs/broken-error.html", site=site.resolve(), scheme=scheme).page)
    assert found.violations_count == 0, found.generate_report()
