"""The printed report: tagged, checked for PDF/UA, in two languages, the same bytes; hostile labels are text."""

import json
import re
import shutil
import subprocess
import zlib

import pytest

from county_metrics.errors import RunnerError
from county_metrics.evidence.frames import curated
from county_metrics.paths import fonts
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.report import pdf, printed
from county_metrics.report.pdf import compile_pdf, write_pdf
from county_metrics.report.printed import report_document, visible
from county_metrics.report.reuse import Earlier
from tests.report.made_runs import HOSTILE, run, site

LANGUAGES = {"en": "report.pdf", "zh": "zh/report.pdf"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    return [run(store), run(store, "second", title="Second run"), run(store, "sweep.001", grid=True)]


@pytest.fixture(scope="module")
def built(tmp_path_factory, pages):
    folder = site(tmp_path_factory.mktemp("site"), pages)
    write_pdf(folder, pages)
    return folder


def document(pages, language="en", folder=None):
    return report_document([page for page in pages if page.outcome.spec.grid is None], language, folder)


def small(**changes):
    """A document of one heading and one paragraph."""
    own = {
        "lang": "en", "title": "T", "author": "A", "description": "D", "footer": "F", "contents": "C", "subtitle": ["S"],
        "statement": ["S"], "imprint": [["I"]],
        "blocks": [{"k": "heading", "level": 1, "text": ["H"]}, {"k": "text", "text": ["P"]}],
    }  # fmt: skip
    return own | changes


def tool(name, *arguments):
    """What a program of poppler says."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return subprocess.run([name, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_tagged_has_an_outline_and_says_its_language(built, language):
    content = (built / LANGUAGES[language]).read_bytes()
    assert content.startswith(b"%PDF-1.7")
    for key in (b"/StructTreeRoot", b"/Outlines", b"/Marked true", b"/ViewerPreferences", b"/Link"):
        assert key in content
    assert {"en": b"/Lang(en-GB)", "zh": b"/Lang(zh-CN)"}[language] in content


def test_chinese_words_of_the_english_report_are_marked_as_chinese(built):
    assert (built / "report.pdf").read_bytes().count(b"/Lang(zh-CN)") > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_declares_pdf_ua(built, language):
    assert re.search(rb"<pdfuaid:part>\s*1\s*</pdfuaid:part>", (built / LANGUAGES[language]).read_bytes())


def test_a_document_that_fails_the_check_is_refused():
    skipping = [{"k": "heading", "level": 1, "text": ["H"]}, {"k": "heading", "level": 3, "text": ["H"]}]
    with pytest.raises(RunnerError, match=r"report\.pdf cannot be made: .*(heading|PDF/UA)"):
        compile_pdf(small(blocks=skipping), {})


def test_two_builds_give_the_same_bytes(built, pages, tmp_path):
    write_pdf(site(tmp_path, pages), pages)
    for path in LANGUAGES.values():
        assert (tmp_path / path).read_bytes() == (built / path).read_bytes()


def test_it_holds_no_clock_and_no_path(built):
    content = (built / "report.pdf").read_bytes()
    streams = [
        zlib.decompress(part) for part in re.findall(rb"FlateDecode[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", content, re.S)
    ]
    assert len(streams) > 20
    assert str(built).encode() not in content + b"".join(streams)
    assert set(re.findall(rb"D:(\d{4})", content)) <= {b"1970"}


def test_only_the_shipped_fonts_are_used_and_they_are_embedded(built):
    lines = tool("pdffonts", built / "zh" / "report.pdf").splitlines()[2:]
    assert {line.split()[0].partition("+")[2] for line in lines} == {"NotoSansSC-Regular", "NotoSansSC-Bold"}
    assert all(re.search(r"\byes +yes +yes\b", line) for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_poppler_finds_title_tags_and_contents(built, language):
    said = tool("pdfinfo", built / LANGUAGES[language])
    assert re.search(r"Tagged: +yes", said)
    assert re.search(r"JavaScript: +no", said)
    assert re.search({"en": "Title: +Reforms in Chinese", "zh": "Title: +中国县域治理改革"}[language], said)
    text = tool("pdftotext", "-l", 2, built / LANGUAGES[language], "-")
    assert {"en": "Audit of the sources’ claims", "zh": "来源说法的核算"}[language].replace("’", "'") in text


def test_hostile_labels_are_shown_as_text(built):
    text = " ".join(tool("pdftotext", "-layout", built / "report.pdf", "-").replace("\u200b", "").split())
    for part in (
        "<script>alert(1)</script>",
        "#panic()",
        "$x$",
        "@label",
        "*b*",
        "_i_",
        "`r`",
        "\\input{x}",
        "{{ 7*7 }}",
        "//comment",
    ):
        assert part in text
    assert "=cmd()" in text
    assert "left[U+202E]right [U+2066]iso[U+2069] [U+0007]" in text
    assert "[U+1F600] [U+E000] [U+20000]" in text


def test_no_word_leaves_its_page(built):
    boxes = tool("pdftotext", "-bbox", built / "report.pdf", "-")
    width = float(re.search(r'<page width="([\d.]+)"', boxes).group(1))
    found = [(float(left), float(right)) for left, right in re.findall(r'<word xMin="([\d.-]+)".*?xMax="([\d.-]+)"', boxes)]
    assert len(found) > 5_000
    assert min(left for left, _ in found) > 40
    assert max(right for _, right in found) < width - 40


def test_every_case_was_chosen_for_success_is_said_on_the_first_page(built):
    assert "chosen for success" in " ".join(tool("pdftotext", "-l", 1, built / "report.pdf", "-").split())


def test_a_number_stands_once_and_is_led_to_from_elsewhere(pages, built):
    found = document(pages, folder=built)
    parts = list(numbers(found))
    places = [part["at"] for part in parts if "at" in part]
    assert len(set(places)) == len(places) > 100
    assert {part["to"] for part in parts if "to" in part} <= set(places) | {
        block["id"] for block in found["blocks"] if "id" in block
    }
    totals = [part for part in parts if part["t"] == "12,345.5"]
    assert sum("at" in part for part in totals) == 2
    assert len({part["to"] for part in totals if "to" in part}) == 2
    assert all("to" in part or "at" in part for part in totals)
    assert not any("key" in part for part in parts)


def numbers(node):
    if isinstance(node, dict) and "t" in node:
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from numbers(inner)


def test_a_table_that_stands_elsewhere_is_pointed_at_but_a_run_keeps_its_own_results(pages, built, tmp_path):
    found = document(pages, folder=built)["blocks"]
    assert sum(block["k"] == "table" and block["rows"][0][0] == ["total"] for block in found) == 2
    grade = payload.table("grade", "Grade", [column("a", "a")], [["yes"]])
    twice = [run(tmp_path, name, [grade | {"name": name}]) for name in ("one", "two")]
    found = report_document(twice, "en", tmp_path)["blocks"]
    (shown,) = [block for block in found if block["k"] == "table" and block["caption"] == ["Grade"]]
    (again,) = [block for block in found if block["k"] == "text" and block["text"][0] == "Shown elsewhere in this report: "]
    assert again["text"][1:] == [{"t": "Grade", "to": shown["id"]}]


def test_every_figure_claim_and_mechanism_is_in_it(pages, built):
    texts = json.dumps(document(pages, "zh", built)["blocks"], ensure_ascii=False).replace("\u200b", "")
    data = curated()
    assert all(claim.text["zh"] in texts for claim in data.claims)
    assert all(mechanism.name["zh"] in texts for mechanism in data.mechanisms)
    assert all(source.interest["zh"] in texts for source in data.words.sources.values())
    rows = [row for block in document(pages, "zh", built)["blocks"] if block["k"] == "table" for row in block["rows"]]
    printed_forms = {"".join(part for part in row[1] if isinstance(part, str)) for row in rows if len(row) == 6}
    assert {visible(figure.printed) for figure in data.figures.values()} <= printed_forms


def test_sweeps_and_solutions_are_left_out(pages, built, tmp_path):
    assert "sweep.001" not in json.dumps(document(pages, folder=built))
    page = run(tmp_path, "solved", [payload.table("t", "Seen", [column("a", "a")], [["x"]])])
    path = page.outcome.entry / "notebook.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    assert "Seen" in json.dumps(report_document([page], "en", tmp_path)["blocks"])
    notebook["cells"][0]["metadata"]["tags"] = ["solution"]
    path.write_text(json.dumps(notebook), "utf-8")
    assert "Seen" not in json.dumps(report_document([page], "en", tmp_path)["blocks"])


def test_a_report_without_runs_says_so():
    found = report_document([], "en", fonts())
    assert ["No run has a result yet."] in [block["text"] for block in found["blocks"] if block["k"] == "text"]


def test_what_was_made_from_the_same_is_taken_over(built, pages, tmp_path, monkeypatch):
    first, second, third = (site(tmp_path / name, pages) for name in ("first", "second", "third"))
    monkeypatch.setattr(pdf, "compile_pdf", lambda document, images: b"%PDF " + document["lang"].encode())
    manifest(first, pages, Earlier(tmp_path / "none"))
    monkeypatch.setattr(pdf, "compile_pdf", lambda document, images: b"made anew")
    earlier = Earlier(first)
    write_pdf(second, pages, earlier)
    assert [(second / path).read_bytes() for path in LANGUAGES.values()] == [b"%PDF en", b"%PDF zh"]
    (third / "figures" / "run" / "change.zh.svg").write_text("<svg/>", "utf-8")
    write_pdf(third, pages, Earlier(first))
    assert [(third / path).read_bytes() for path in LANGUAGES.values()] == [b"%PDF en", b"made anew"]


def manifest(folder, pages, earlier):
    import hashlib

    write_pdf(folder, pages, earlier)
    files = {path: {"sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest()} for path in LANGUAGES.values()}
    (folder / "manifest.json").write_text(json.dumps({"files": files, "made": earlier.made}), "utf-8")


def test_numbers_of_the_overview_lead_to_the_run(pages, built):
    found = document(pages, folder=built)
    tables = [block for block in found["blocks"] if block["k"] == "table"]
    glance = next(block for block in tables if len(block["columns"]) == 8)
    targets = [next(part["to"] for part in row[2] if isinstance(part, dict)) for row in glance["rows"]]
    own = {part["at"] for block in tables if block is not glance for part in numbers(block["rows"]) if "at" in part}
    assert set(targets) <= own
    assert len(set(targets)) == 2


@pytest.mark.parametrize(
    ("text", "expected"), [("a\nb", "a b"), ("嘉善 230", "嘉善 230"), ("\u202e", "[U+202E]"), ("\u2192", "\u2192")]
)
def test_every_sign_is_seen(text, expected):
    assert visible(text) == expected


def test_a_long_word_may_break():
    assert visible("a" * 30) == "a" * 24 + "\u200b" + "a" * 6
    assert visible("jiashan_investment_approval_before") == "jiashan_\u200binvestment_\u200bapproval_\u200bbefore"
    assert visible(HOSTILE[3]).replace("\u200b", "") == HOSTILE[3]


def test_columns_are_no_narrower_than_their_longest_word():
    rows = [[["short"], ["word " * 60]], [["unbreakable-part"], ["x"]]]
    narrow, wide = printed._widths(rows, [False, False])
    assert narrow >= len("unbreakable-")
    assert wide > 2 * narrow
    assert printed._widths([[["a"], ["b"]]], [True, False]) == [0.0, 1.0]


def test_a_number_without_a_place_is_plain_text():
    block = payload.table("t", number(7, ref="constant:x"), [column("a", "a")], [["x"]])
    made = printed._Document("en", frozenset())
    made.add(block)
    assert made.finished()[0]["caption"] == ["7"]
