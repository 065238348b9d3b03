"""Numbers are links: every numeral of the curated pages and of a run leads somewhere, and one that does not is found."""

import re
import shutil
from decimal import Decimal

import pytest

from county_metrics.evidence.catalogue import load_catalogue
from county_metrics.evidence.frames import curated
from county_metrics.paths import PACKAGE
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.wording import LANGUAGES, both
from county_metrics.report.frame import leads
from county_metrics.report.links import constants, known_claim, known_figures, mark, numerals, plain_numeral, printed, settle
from tests.report.conftest import page_names
from tests.report.orphans import Numerals
from tests.small_project import CHECKOUT, run_command

MADE_UP = [f"simulated-{name}" for name in ("approval-records", "approval-series", "approval-panel", "synthetic-control")]


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    """Site of the checkout's own first runs."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("notebooks", "params", "data/simulated"):
        shutil.copytree(CHECKOUT / name, folder / name)
    status, _, err = run_command("report", "jiashan-investment-approval", "audit-longgang", *MADE_UP, cwd=folder)
    assert status == 0, err
    return folder / "build" / "report"


def test_no_page_shows_a_number_that_leads_nowhere(own_site):
    found = {name: Numerals((own_site / name).read_text("utf-8")) for name in page_names(own_site)}
    assert len(found) > 400
    assert {name: page.orphans for name, page in found.items() if page.orphans} == {}
    assert {name: page.unlinked for name, page in found.items() if page.unlinked} == {}


def test_what_a_cell_prints_leads_to_the_cell(own_site):
    page = (own_site / "runs" / "simulated-approval-panel.html").read_text("utf-8")
    assert page.count('<a class="cm-ref" href="#cell-means"><data') > 40
    assert 'href="#cell-solution-refusal"><data value="3" data-ref="result:printed">3</data></a> different times' in page


@pytest.mark.parametrize(
    "planted",
    [
        "<p>It rose by 77 percent.</p>", "<td>3,141</td>", "<figcaption>From 5 to 9</figcaption>", "<h2>12 counties</h2>",
        '<p><a href="x.html">All 17 of them</a></p>', '<p><data value="4" data-ref="result:x">4</data></p>',
        "<summary>8 more</summary>", "<p>Class ３</p>", '<pre class="cm-stream cm-output">before   300</pre>',
    ],
)  # fmt: skip
def test_a_planted_orphan_is_found(planted):
    page = Numerals(f"<html><body><main>{planted}</main></body></html>")
    assert page.orphans or page.unlinked


@pytest.mark.parametrize(
    "shown",
    [
        '<a class="cm-ref" href="x"><data value="4" data-ref="figure:x">4</data></a>', "<pre>print(3)</pre>", '<pre class="cm-stream cm-error">line 3</pre>', "<q>230个工作日</q>",
        "<time>2014-01-17</time>", "<nav>1 2 3</nav>", "<math><mn>2</mn></math>", "<code>break_even_4</code>",
    ],
)  # fmt: skip
def test_what_leads_somewhere_or_is_no_finding_is_not_an_orphan(shown):
    page = Numerals(f"<main>{shown}</main>")
    assert (page.orphans, page.unlinked) == ([], [])


def test_constants_are_few_and_each_has_a_reason_in_both_languages():
    assert len(constants()) <= 30
    for constant in constants():
        assert set(constant.text) == set(constant.reason) == set(LANGUAGES)
        assert all(reason.strip() for reason in constant.reason.values())
        assert all(numerals(text) for texts in constant.text.values() for text in texts)


def test_every_reference_to_a_constant_is_declared():
    texts = [path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))]
    used = {name for text in texts for name in re.findall(r'ref="constant:(\w+)"', text)}
    assert len(used) > 10
    assert used - {constant.id for constant in constants()} == set()


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("from 17 January 2014 on", "17 January 2014"), ("2014-01-17", "2014-01-17"), ("until 2016", "2016"),
        ("于2014年1月17日启动", "2014年1月17日"), ("2015-08 (inferred)", "2015-08"), ("10月底", "10月"),
    ],
)  # fmt: skip
def test_dates_are_marked_as_dates(text, dates):
    assert f"<time>{dates}</time>" in settle(text, lambda ref: None)


@pytest.mark.parametrize("text", ["12014", "2014.5", "20,145", "1066", "3-2015-1x"])
def test_other_numerals_are_no_dates(text):
    assert "<time>2014</time>" not in settle(text, lambda ref: None)
    assert "<time>1066</time>" not in settle(text, lambda ref: None)


def test_a_number_leads_to_its_card_its_cell_its_parameter_or_its_constant():
    target = leads("runs/a.html", {"result:x": "#cell-x", "figure:own": "#cell-y"})
    assert target("figure:jiashan_area") == "../evidence/jiashan_area.html"
    assert target("figure:own") == "#cell-y"
    assert target("result:x") == "#cell-x"
    assert target("param:years") == "#parameters"
    assert target("constant:page") == "../methods.html#constant-page"
    assert target("result:jiashan_claim_power_cut") == "../audit.html#working-jiashan_claim_power_cut"
    assert target("result:unknown") is None


def test_numerals_of_a_claim_lead_to_the_figures_it_uses_and_to_its_working():
    data = curated()
    verdict = next(v for v in data.verdicts if v.claim.id == "jiashan_claim_power_cut")
    known = known_claim(verdict, data.figures, verdict.claim.reason.values())
    assert known["9002"] == "figure:jiashan_power_items_before"
    assert known["4435"] == known["49.27"] == "result:jiashan_claim_power_cut"
    assert "4436" not in known_claim(verdict, data.figures, ["4,436 of 9,002"])


def test_numerals_of_prose_are_links_only_where_they_are_known():
    figure = curated().figures["jiashan_investment_approval_before"]
    known = known_figures([figure])
    text = settle("230 of 231 days", leads("audit.html"), known)
    assert text.startswith('<a class="cm-ref" href="evidence/jiashan_investment_approval_before.html"><data value="230"')
    assert " of 231 days" in text


def test_words_of_a_link_hold_no_link():
    assert "<a" not in mark("above 1 billion in 2016", {"1": "figure:jiashan_area"})
    link = '<a href="x">since 2016</a>'
    assert settle(link, leads("a.html")) == '<a href="x">since <time>2016</time></a>'


def test_code_and_links_of_numbers_are_left_alone():
    html = '<pre>x = 2016</pre><a class="cm-ref" href="#a"><data value="3" data-ref="result:a">3</data></a><code>a_1</code>'
    assert settle(html, {"result:a": "#b"}.get) == html


def test_the_same_number_written_otherwise_is_the_same():
    assert {plain_numeral(text) for text in ("9,002", "9002", "9002.0", "9002.")} == {"9002"}
    assert Decimal(plain_numeral("45,700,000,000")) == 45_700_000_000


def test_numbers_of_a_block_of_a_reader_lead_to_its_cell():
    html = payload.to_html(payload.prose(both("x", "x"), number(7, ref="figure:mine")), "en")
    assert '<a class="cm-ref" href="#cell-1">' in settle(html, leads("runs/a.html", {"figure:mine": "#cell-1"}))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234.5 of 2013,45,67", ["1234.5", "2013", "45", "67"]), ("[1,2,3]", ["1", "2", "3"]), ("p = 1e-05", ["1e-05"]),
        ("it&#39;s 4 &lt;5", ["4", "5"]), ("since 2014-01-17, b_2", []), ("<pre>7</pre><td>8</td>", ["8"]),
        ('<a href="y" title="9">3 items</a>', ["3"]), ("&#39;" * 3000 + "6", ["6"]), ("9" * 40, ["9" * 40]),
        ("١٢", ["١٢"]), ("1 " * 2001, []),
    ],
)  # fmt: skip
def test_numerals_that_are_printed_lead_to_their_cell(text, values):
    shown = printed(text, "#cell-a")
    assert re.findall(r'<data value="([^"]*)" data-ref="result:printed">', shown) == values
    assert re.sub(r"</?(?:data|time|code)\b[^>]*>|<a class=\"cm-ref\"[^>]*>", "", shown).replace("</a>", "") == text.replace(
        "</a>", ""
    )


def test_a_page_of_digits_is_no_trouble():
    digits = ",".join(map(str, range(190_000)))
    assert printed(digits, "#cell-a") == digits
    assert plain_numeral("1" * 2_000_000) == "1" * 2_000_000


def test_curated_data_is_read_once(monkeypatch):
    monkeypatch.setattr("county_metrics.evidence.catalogue.read_catalogue", lambda *args: pytest.fail("read again"))
    assert curated() is curated()
    with pytest.raises(pytest.fail.Exception):
        load_catalogue()
