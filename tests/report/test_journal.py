"""Journal tables: three lines, caption above, nothing that acts; the LaTeX is read back by a strict reader of its own."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from county_metrics.present.number import number
from county_metrics.present.payload import table
from county_metrics.present.tables import column
from county_metrics.present.wording import both, plain, say
from county_metrics.report.journal import html_table, latex_table, latex_text, printed_text, stars, write_journal

HOSTILE = [
    "\\input{/etc/passwd}",
    "a & b % c",
    "[x] # _ ^ ~",
    "<script>alert(1)</script>",
    "\u202e}{$$",
    "*",
    "-- \u2014 `' '' ,,",
    "=cmd()",
]
SIGNS = {
    r"\textbackslash{}": "\\", r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\#": "#", r"\%": "%", r"\_": "_",
    r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|",
    "{[}": "[", "{]}": "]", "{*}": "*", r"\textasciigrave{}": "`", r"{\char34}": '"', "~": "\u00a0", "$-$": "\u2212",
    r"$\pm$": "\u00b1", r"$\times$": "\u00d7", r"$\div$": "\u00f7", r"$\leq$": "\u2264", r"$\geq$": "\u2265",
    r"$\rightarrow$": "\u2192", r"\ldots{}": "\u2026", r"$\cdot$": "\u00b7", r"\textendash{}": "\u2013", r"\textemdash{}": "\u2014",
    "-{}": "-", "'{}": "'", ",{}": ",",
}  # fmt: skip
TOKEN = re.compile("|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)) + r"|[^\\{}$&#%_^~\[\]*`\"<>|]")


def read_back(text):
    """The text that an escaped LaTeX text sets; anything outside the emitted subset is an error."""
    assert not re.search(r"--|''|,,", text)
    place, found = 0, []
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"'{text[place : place + 20]}' may act"
        found.append(SIGNS.get(match.group(), match.group()))
        place = match.end()
    return "".join(found)


def read_table(text):
    """Caption, head, rows and note of an emitted table; every line must be one that the format knows."""
    lines = text.splitlines()
    assert re.fullmatch(r"% \\usepackage\{booktabs(,longtable)?\}( \\usepackage\{ctex\})?", lines.pop(0))
    long = lines[0].startswith(r"\begin{longtable}")
    if not long:
        assert lines[:2] == [r"\begin{table}[htbp]", r"\centering"]
        assert lines.pop() == r"\end{table}"
        caption, opening = lines[2], lines[3]
        rest = lines[4:]
    else:
        opening, caption = lines[0], lines[1].removesuffix(r" \\")
        rest = lines[2:]
    caption = re.fullmatch(r"\\caption\{(.*)\}\\label\{tab:[A-Za-z0-9-]+\}", caption).group(1)
    formats = re.fullmatch(r"\\begin\{(?:long|)tab(?:le|ular)\}\{@\{\}((?:[lr]|p\{0\.\d\d\\linewidth\})+)@\{\}\}", opening).group(
        1
    )
    count = len(re.sub(r"p\{[^}]*\}", "p", formats))
    rules = [line for line in rest if line in (r"\toprule", r"\midrule", r"\bottomrule")]
    assert rules == [r"\toprule", r"\midrule"] * (1 + long) + [r"\bottomrule"]
    note = [line for line in rest if line.startswith(r"{\footnotesize ")]
    rows = [split_row(line.removesuffix(r" \\")) for line in rest if line.endswith(r" \\")]
    assert {len(row) for row in rows} == {count}
    known = {r"\endfirsthead", r"\endhead", r"\endlastfoot", r"\end{tabular}", r"\end{longtable}", r"\par\smallskip"}
    assert [x for x in rest if not x.endswith(r" \\") and x not in {*known, *rules, *note}] == []
    body = rows[2:] if long else rows[1:]
    text = read_back(note[0].removeprefix(r"{\footnotesize ").removesuffix(r"\par}")) if note else ""
    return read_back(caption), [read_back(cell) for cell in rows[0]], body, text


def split_row(line):
    return re.split(r"(?<!\\) & ", line)


def block(cells, notes=(), numeric=False, name="t_1"):
    columns = [column("a", both("First", "甲")), column("b", both("Second & third", "乙"), numeric=numeric)]
    return table(name, both("Caption 100%", "题名 100%"), columns, cells, list(notes))


@given(st.text())
def test_any_text_is_set_as_it_stands(text):
    assert read_back(latex_text(text)) == printed_text(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_set_as_it_stands(text):
    assert read_back(latex_text(text)) == text.replace("\u202e", "[U+202E]")


def test_what_acts_unseen_stands_as_its_code_point():
    assert printed_text("a\u202eb\u200fc\x07d") == "a[U+202E]b[U+200F]c[U+0007]d"
    assert printed_text("one\ntwo\r\nthree") == "one two three"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_latex_has_three_lines_caption_above_and_every_cell(language):
    cells = [[text, number("-1.25", ref="result:x", places=1)] for text in HOSTILE]
    made = latex_table(block(cells, [both("A note_1.", "注_1。")], numeric=True), language)
    caption, head, rows, note = read_table(made)
    assert caption == {"en": "Caption 100%", "zh": "题名 100%"}[language]
    assert head == {"en": ["First", "Second & third"], "zh": ["甲", "乙"]}[language]
    assert [[read_back(cell) for cell in row] for row in rows] == [[printed_text(text), "\u22121.2"] for text in HOSTILE]
    assert note == {"en": "Notes: A note_1.", "zh": "注：注_1。"}[language]
    assert made.index(r"\caption") < made.index(r"\toprule")
    assert ("ctex" in made) == (language == "zh")


def test_a_long_table_may_break_over_pages():
    made = latex_table(block([[f"row {index}", "x" * 60] for index in range(36)]), "en")
    assert r"\begin{longtable}{@{}lp{" in made
    assert len(read_table(made)[2]) == 36


def test_a_table_without_rows_is_still_a_table():
    assert read_table(latex_table(block([]), "en"))[2] == []
    assert "<tbody>\n</tbody>" in html_table(block([]), "en")


def estimates(*p_values):
    columns = [column("term", "Term"), column("estimate", "Estimate", numeric=True), column("p_value", "p", numeric=True)]
    rows = [["x", number("2.5", ref="result:x"), p_value] for p_value in p_values]
    return table("its", "Estimates", columns, rows)


def p(value):
    return number(value, ref="result:p", places=3)


BELOW = say("effect.below", least=number("0.001", ref="constant:least_p"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(p("0.1"), ""), (p("0.0999"), "*"), (p("0.05"), "*"), (p("0.049"), "**"), (p("0.01"), "**"), (p("0.009"), "***"),
     (BELOW, "***"), (say("effect.withheld"), ""), (say("number.none"), ""), ("", ""), (None, ""), (p("NaN"), "")],
)  # fmt: skip
def test_stars_follow_the_full_p_value(cell, expected):
    assert stars(cell) == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_stars_and_their_note_stand_where_there_are_p_values(language):
    made = estimates(p("0.03"), p("0.5"), BELOW)
    latex, html = latex_table(made, language), html_table(made, language)
    assert latex.count("2.5$^{**}$ &") == 1
    assert latex.count("2.5$^{***}$ &") == 1
    assert html.count("2.5<sup>**</sup>") == 1
    for text in (latex, html):
        assert text.count("0.05") == 1
    assert "p &lt; 0.01" in html


@pytest.mark.parametrize("made", [estimates(say("effect.withheld")), block([["x", p("0.03")]])])
def test_no_star_note_without_p_values(made):
    assert "0.05" not in latex_table(made, "en") + html_table(made, "en")
    assert "Notes" not in latex_table(made, "en")


class Reader(HTMLParser):
    """Tags, attributes and cells of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.cells, self.order = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.order.append(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_data(self, data):
        if self.order and self.order[-1] in ("td", "th", "caption"):
            self.cells[-1] += data.rstrip("\n")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_html_is_a_table_of_three_lines_with_its_caption_above(language):
    page = Reader(html_table(block([[text, "1"] for text in HOSTILE], numeric=True), language))
    assert page.tags[0][1]["lang"] == {"en": "en", "zh": "zh-Hans"}[language]
    assert page.order.index("caption") < page.order.index("thead") < page.order.index("tbody")
    assert page.cells[3::2] == [printed_text(text) for text in HOSTILE]
    lines = [attributes["style"] for tag, attributes in page.tags if tag in ("td", "th") and "border" in attributes["style"]]
    assert [style.count("border-top:1.5pt") for style in lines] == [1, 1, 0, 0]
    assert [style.count("border-bottom:0.75pt") for style in lines] == [1, 1, 0, 0]
    assert [style.count("border-bottom:1.5pt") for style in lines] == [0, 0, 1, 1]
    assert "border-left" not in str(page.tags)


def test_html_holds_nothing_that_acts():
    page = Reader(html_table(block([[text, "1"] for text in HOSTILE]), "en"))
    allowed = {"html", "head", "meta", "title", "body", "table", "caption", "thead", "tbody", "tr", "th", "td", "sup", "p"}
    assert set(page.order) <= allowed
    assert {name for _, attributes in page.tags for name in attributes} <= {"lang", "charset", "http-equiv", "content", "style"}


def test_both_forms_are_written_in_both_languages(tmp_path):
    made = block([["x", "1"]], name="change")
    write_journal(made, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"change.{end}" for end in ("en.html", "en.tex", "zh.html", "zh.tex")
    ]
    assert (tmp_path / "change.zh.tex").read_text("utf-8") == latex_table(made, "zh")


def test_no_message_of_the_stars_differs_between_the_languages_in_its_levels():
    levels = {
        f"{name}": number(value, ref="constant:star_level")
        for name, value in (("first", "0.1"), ("second", "0.05"), ("third", "0.01"))
    }
    texts = [plain(say("journal.stars", **levels), language) for language in ("en", "zh")]
    assert [sorted(re.findall(r"0\.\d+", text)) for text in texts] == [["0.01", "0.05", "0.1"]] * 2
