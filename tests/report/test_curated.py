"""Pages of the curated data: every case, figure, claim, mechanism, indicator and term is there, in both languages."""

import csv
import re
from collections import Counter

import pytest

from county_metrics.evidence.audit import VERDICTS
from county_metrics.evidence.frames import curated
from county_metrics.paths import data_root
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.cards import browser, card_pages, grade_items
from county_metrics.report.catalogues import audit_page, indicator_page, mechanism_page
from county_metrics.report.curated import curated_pages, curated_paths
from county_metrics.report.frame import quiet_direction
from county_metrics.report.method import GLOSSARY, method_page, read_glossary
from county_metrics.report.pairs import pair_contexts
from county_metrics.report.places import case_list, case_pages

HAN = re.compile("[\u4e00-\u9fff]")
ORDERS = {
    "jiashan": ["Government system", "Economic system", "Social system"],
    "tonglu": ["Translation", "Nesting", "Feedback"],
    "demonstration_zone": ["Space", "Ecology", "Resources"],
    "anji": ["Across departments", "Down the levels", "Together with society"],
    "longgang": ["Large departments", "City and communities", "Digital governance"],
}


@pytest.fixture(scope="module")
def cases():
    return {path.removeprefix("cases/").removesuffix(".html"): context for path, _, context in case_pages(curated(), "en", {})}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paths_are_those_of_the_pages(language):
    made = [path for path, _, _ in curated_pages(curated(), language, {})]
    assert sorted(made) == sorted(curated_paths(curated()))
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("case", ORDERS)
def test_mechanisms_stand_in_the_order_of_the_source(cases, case):
    titles = [system["title"] for system in cases[case]["systems"]]
    places = [next(at for at, title in enumerate(titles) if title.startswith(wanted)) for wanted in ORDERS[case]]
    assert places == sorted(places)


def test_every_mechanism_has_a_place_on_the_page_of_its_case(cases):
    shown = [m["id"] for context in cases.values() for system in context["systems"] for m in system["mechanisms"]]
    assert sorted(shown) == sorted(f"mechanism-{m.id}" for m in curated().mechanisms)


def test_timeline_is_in_order_and_leads_to_mechanisms(cases):
    timeline = cases["jiashan"]["timeline"]
    dates = [re.search(r"\d{4}(-\d\d)*", event["date"]).group() for event in timeline]
    assert dates == sorted(dates)
    assert {event["kind"] for event in timeline} == {"reform", "concurrent"}
    assert "#mechanism-jiashan_zero_approval" in [url for event in timeline for url, _ in event["mechanisms"]]


def test_case_says_why_it_is_known(cases):
    assert all(context["selection"] for context in cases.values())
    assert "chosen for success" in cases["jiashan"]["selection"]
    listed = case_list(curated(), "en")[2]["cases"]
    assert [case["url"] for case in listed][-1] == "national.html"
    assert len(listed) == len(cases)


def test_browser_holds_every_figure_and_filters_by_what_they_have():
    context = browser(curated(), "en")[2]
    assert [row["id"] for row in context["rows"]] == list(curated().figures)
    for name in ("case", "indicator", "role", "source"):
        assert {row[name] for row in context["rows"]} == set(context["filters"][name])


def test_grade_of_a_figure_says_what_is_known_of_it():
    figures = curated().figures
    assert grade_items(figures["jiashan_investment_approval_before"]) == {
        "dates": False,
        "statistic": False,
        "independent": False,
    }


def test_card_has_what_a_reader_must_know():
    pages = {
        path: context for path, _, context in card_pages(curated(), "en", {"investment_approval_time": [("runs/a.html", "A")]})
    }
    context = pages["evidence/jiashan_investment_approval_before.html"]
    for words in ("As printed", "Bounds", "Scope", "Statistic", "Period", "Author's interest", "Find it by", "229.5"):
        assert words in context["block"]
    assert context["runs"] == [("../runs/a.html", "A")]
    assert context["partner"]["url"] == "jiashan_investment_approval_after.html"
    assert "@misc{party_school_2017" in context["bibtex"]
    assert [claim["id"] for claim in context["claims"]] == ["jiashan_claim_approval_change", "jiashan_claim_approval_days_saved"]


def test_cards_lead_from_one_to_the_next():
    pages = [(path.removeprefix("evidence/"), context["beside"]) for path, _, context in card_pages(curated(), "en", {})]
    names = [name for name, _ in pages]
    assert [beside for _, beside in pages] == [[b, a] for b, a in zip([None, *names[:-1]], [*names[1:], None], strict=True)]


def test_audit_counts_and_shows_every_claim_with_its_working():
    context = audit_page(curated(), "en")[2]
    claims = [claim for case in context["cases"] for claim in case["claims"]]
    assert sorted(claim["id"] for claim in claims) == sorted(claim.id for claim in curated().claims)
    assert all(claim["works"] and claim["reason"] for claim in claims)
    counts = Counter(claim["verdict"] for claim in claims)
    assert [re.search(r">(\d+)<", item["count"]).group(1) for item in context["summary"]] == [
        str(counts[name]) for name in VERDICTS
    ]


def test_working_shows_the_figures_in_place_of_their_names():
    context = audit_page(curated(), "en")[2]
    work = next(c["works"][0] for case in context["cases"] for c in case["claims"] if c["id"] == "jiashan_claim_power_cut")
    assert re.sub(r"<[^>]*>", "", work) == "(4567 − 9002) ÷ 9002 × 100 = −49.27"


def test_catalogue_of_mechanisms_says_what_could_be_measured_of_each():
    context = mechanism_page(curated(), "en")[2]
    rows = [row for kind in context["kinds"] for row in kind["rows"]]
    assert len(rows) == len(curated().mechanisms)
    assert all(row["measure"] and row["data"] for row in rows)
    assert [row["url"] for row in rows if "jiashan_zero_approval" in row["id"]] == [
        "cases/jiashan.html#mechanism-jiashan_zero_approval"
    ]


def test_indicators_show_every_published_value():
    context = indicator_page(curated(), "zh")[2]
    rows = [row for nature in context["natures"] for row in nature["rows"]]
    assert len(rows) == len(curated().words.indicators)
    assert sum(len(row["values"]) for row in rows) == len(curated().figures)


def test_pairs_stand_in_groups_by_nature_with_bounds_and_four_answers():
    groups = pair_contexts(curated().cases, "en", "index.html", {"investment_approval_time": [("runs/a.html", "A")]})
    assert [len(group["panels"]) for group in groups] == [2, 1, 2]
    panel = groups[1]["panels"][0]
    assert panel["url"] == "runs/a.html"
    assert re.sub(r"<[^>]*>", "", panel["change"]) == "−62.6 %"
    assert ["229.5" in panel["ends"][0]["bounds"], "86.5" in panel["ends"][1]["bounds"]] == [True, True]
    assert [item["passed"] for item in panel["grade"]] == [False, False, True, False]


def test_picture_of_a_pair_begins_at_zero_and_keeps_proportions():
    panel = pair_contexts(curated().cases, "en", "index.html", {})[1]["panels"][0]
    before, after = (float(y) for y in re.findall(r'<circle[^>]*cy="([\d.]+)"', panel["picture"]))
    base = float(re.search(r'class="cm-base"[^>]*y1="(\d+)"', panel["picture"]).group(1))
    assert (base - after) / (base - before) == pytest.approx(86 / 230, abs=0.002)


def test_glossary_is_complete_and_refers_to_cases():
    with (data_root() / "glossary.csv").open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == GLOSSARY
    rows = read_glossary()
    assert len({row["id"] for row in rows}) == len({row["term_zh"] for row in rows}) == len(rows) >= 30
    assert {row["case"] for row in rows} <= {case.id for case in curated().cases}
    for row in rows:
        assert re.fullmatch(r"[a-z][a-z_]*", row["id"])
        assert not HAN.search(row["term_en"] + row["explanation_en"])
        assert HAN.search(row["term_zh"])
        assert HAN.search(row["explanation_zh"])
        assert all(text == text.strip() and text for text in row.values())


@pytest.mark.parametrize("term", ["零审批", "大部制", "镇改市", "医共体", "一网通办"])
def test_glossary_explains(term):
    context = method_page(curated(), "en")[2]
    assert term in [entry["other"] for entry in context["terms"]]


def test_signs_that_turn_the_direction_are_named():
    assert quiet_direction("a\u202eb\u2066c 中") == "a[U+202E]b[U+2066]c 中"
