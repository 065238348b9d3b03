"""The site in a real browser: nothing fetched from elsewhere, no error, readable, accessible, and whole without scripts."""

import re
import shutil
from pathlib import Path

import pytest

from tests.report.conftest import page_names
from tests.report.test_hostile import hostile  # noqa: F401
from tests.small_project import CHECKOUT, run_command

BROWSER = Path("/usr/bin/chromium")
JIASHAN = "runs/jiashan-investment-approval.html"
CARD = "evidence/jiashan_investment_approval_before.html"
TYPES = [
    "index.html", "cases/index.html", "cases/jiashan.html", "evidence/index.html", CARD, "audit.html", "mechanisms.html",
    "indicators.html", "methods.html", "reproduce.html", "search.html?q=approval", JIASHAN,
]  # fmt: skip
# Rows and articles of a kind are built alike; the rules need seconds for each hundred of them.
FEWER = """() => { for (const [many, kept] of [['tbody', 6], ['.cm-system', 4], ['select', 8], ['#claims', 12]])
    document.querySelectorAll(many).forEach(found => [...found.children].slice(kept).forEach(child => child.remove())); }"""
PAGES = [prefix + name for name in TYPES for prefix in ("", "zh/")]

pytestmark = pytest.mark.skipif(
    not BROWSER.exists(), reason=f"no browser at {BROWSER}; install Debian's chromium to run these tests"
)


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    """The site of the Jiashan run and of everything curated, built from the checkout."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("notebooks", "params", "data/simulated"):
        shutil.copytree(CHECKOUT / name, folder / name)
    status, _, err = run_command("report", "jiashan-investment-approval", cwd=folder)
    assert status == 0, err
    return (folder / "build" / "report").resolve()


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(BROWSER), args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """One page as opened: what it asked for and what it complained about."""

    def __init__(self, browser, site, name, width=1280, scheme="light", scripts=True):
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts)
        self.asked, self.failed, self.errors = [], [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.on(
            "console", lambda message: self.errors.append(message.text) if message.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        path, _, query = name.partition("?")
        self.page.goto((site / path).as_uri() + (f"?{query}" if query else ""), wait_until="load")
        if scripts:
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
def test_page_asks_only_for_files_of_the_site_has_no_error_and_fits(visit, own_site, name):
    opened = visit(name)
    assert opened.asked
    assert [url for url in opened.asked if not url.startswith((own_site.as_uri() + "/", "data:"))] == []
    assert (opened.failed, opened.errors) == ([], [])
    assert opened.page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"CM Sans"')
    assert opened.page.evaluate("[...document.fonts].some(font => font.status === 'loaded')")
    for scheme in ("light", "dark"):
        opened.page.emulate_media(color_scheme=scheme)
        for width in (390, 1280):
            opened.page.set_viewport_size({"width": width, "height": 900})
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)


@pytest.mark.parametrize("name", ["index.html", JIASHAN])
def test_every_picture_is_drawn(visit, name):
    page = visit(name).page
    page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    page.wait_for_load_state("networkidle")
    assert all(width > 0 for width in page.evaluate("[...document.images].map(image => image.naturalWidth)"))


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


@pytest.mark.parametrize("name", [JIASHAN, "cases/jiashan.html", CARD, "methods.html"])
def test_one_click_leads_to_the_other_language_and_back(visit, name):
    page = visit(name).page
    page.click("a.cm-lang")
    assert page.url.endswith(f"/zh/{name}")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    page.click("a.cm-lang")
    assert page.get_attribute("html", "lang") == "en"


def test_number_on_the_overview_leads_to_its_card_and_to_the_cell_that_computes_it(visit):
    page = visit("index.html").page
    page.click("svg.cm-pair a >> nth=0")
    assert "/evidence/" in page.url
    page.go_back()
    page.click("td.cm-strong a.cm-ref >> nth=0")
    assert "/runs/" in page.url
    assert page.locator(f"[id='{page.url.partition('#')[2]}']").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    turned = {"light": "dark", "dark": "light"}
    page = visit(name, width=width, scheme=turned[scheme] if name.startswith("zh/") else scheme).page
    page.evaluate(FEWER)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_every_address_of_every_page_resolves(own_site):
    pages = {name: (own_site / name).read_text("utf-8") for name in page_names(own_site)}
    ids = {name: set(re.findall(r'\bid="([^"]+)"', html)) for name, html in pages.items()}
    missing = set()
    for name, html in pages.items():
        for address in set(re.findall(r'\b(?:href|src|action)="([^"]*)"', html)):
            path, _, anchor = address.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = ((own_site / name).parent / path).resolve() if path else own_site / name
            here = target.relative_to(own_site).as_posix()
            if not target.is_file() or (anchor and anchor not in ids.get(here, set())):
                missing.add((name, address))
    assert missing == set()


@pytest.mark.parametrize(
    ("name", "words", "wanted"),
    [
        ("index.html", "审批", "Zero approval"), ("index.html", "approval", "Zero approval"), ("zh/index.html", "审批", "零审批"),
        ("zh/index.html", "approval", "零审批"), ("cases/jiashan.html", "医共体", "medical alliance"),
        ("index.html", "rounding leaves open", "How much"),
    ],
)  # fmt: skip
def test_search_finds(visit, name, words, wanted):
    page = visit(name).page
    page.fill(".cm-find input", words)
    page.press(".cm-find input", "Enter")
    page.wait_for_selector("#found li")
    assert wanted.lower() in page.inner_text("#found").lower()
    address = page.locator("#found a").first.get_attribute("href")
    page.click("#found a >> nth=0")
    assert page.url.endswith(address)


def test_search_says_when_nothing_is_found(visit):
    page = visit("search.html?q=zzzz").page
    assert page.locator("#found li").count() == 0
    assert "Nothing found" in page.inner_text("#told")


def test_evidence_can_be_filtered_and_shown_whole_again(visit):
    page = visit("evidence/index.html").page
    whole = page.locator("#figures tbody tr:visible").count()
    page.select_option("select[name=case]", "jiashan")
    page.select_option("select[name=role]", "before")
    assert page.locator("#figures tbody tr:visible").count() == 2
    page.select_option("select[name=grade]", "dates")
    assert page.locator("#figures tbody tr:visible").count() == 0
    page.click("#filters button")
    page.wait_for_function(f"document.querySelectorAll('#figures tbody tr:not([hidden])').length === {whole}")


def test_everything_is_there_without_scripts(visit):
    browse = visit("evidence/index.html", scripts=False).page
    assert browse.locator("#figures tbody tr:visible").count() > 150
    assert not browse.locator("#filters").is_visible()
    search = visit("search.html?q=approval", scripts=False).page
    assert search.locator("main a[href*='cases/']").count() > 5
    assert "scripts" in search.inner_text("main")


@pytest.mark.parametrize("name", [CARD, "cases/tonglu.html", "evidence/index.html"])
def test_the_keyboard_reaches_everything(visit, name):
    page = visit(name).page
    wanted = page.evaluate("""() => {
        const all = [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')];
        window.reached = new Set(); window.all = all.filter(e => e.checkVisibility());
        document.addEventListener('focusin', event => window.reached.add(event.target));
        return window.all.length; }""")
    for _ in range(min(wanted, 400) + 2):
        page.keyboard.press("Tab")
    missed = page.evaluate("window.all.slice(0, 400).filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 90))")
    assert missed == []


@pytest.mark.parametrize("name", ["index.html", "runs/hostile.html", "runs/broken-error.html", "zh/runs/broken-error.html"])
def test_hostile_and_failed_runs_make_no_error_and_no_request(visit, site, name):
    opened = visit(name, site=site.resolve())
    assert [url for url in opened.asked if not url.startswith((site.resolve().as_uri() + "/", "data:"))] == []
    assert opened.errors == []


def test_layout_holds_with_hostile_words(visit, own_site, hostile, tmp_path):  # noqa: F811
    from county_metrics.report.curated import curated_pages
    from county_metrics.report.search import search_script
    from county_metrics.report.site import rendered

    shutil.copytree(own_site / "static", tmp_path / "static")
    (tmp_path / "static" / "index.js").write_text(search_script(hostile, [], []), "utf-8")
    shutil.copyfile(own_site / "search.html", tmp_path / "search.html")
    for path, template, context in curated_pages(hostile, "en", {}):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(rendered(template, context), "utf-8")
    for name in ("cases/demonstration_zone.html", "evidence/index.html", "audit.html", "mechanisms.html", "search.html?q=script"):
        opened = visit(name, site=tmp_path, width=390)
        assert opened.errors == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert "<script>alert(1)</script>" in opened.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_an_error_page(visit, site, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(visit("runs/broken-error.html", site=site.resolve(), scheme=scheme).page)
    assert found.violations_count == 0, found.generate_report()
