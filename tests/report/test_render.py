"""A notebook as the body of a page: one language, payloads rendered, foreign HTML harmless, numbers as links."""

import copy
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import LANGUAGES, both, catalogue
from county_metrics.report.frame import words
from county_metrics.report.links import settle
from county_metrics.report.render import mathml, render_notebook, sanitise, with_contents
from tests.report.conftest import Page

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def markdown(source, name="m", tags=(), **more):
    return {"cell_type": "markdown", "id": name, "metadata": {"tags": list(tags)}, "source": source, **more}


def code(*data, name="c", count=1, tags=(), outputs=None):
    shown = outputs or [{"output_type": "display_data", "metadata": {}, "data": item} for item in data]
    return {
        "cell_type": "code", "id": name, "metadata": {"tags": list(tags)},
        "source": "1 < 2", "execution_count": count, "outputs": shown,
    }  # fmt: skip


def render(*cells, language="en", **options):
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}
    return render_notebook(notebook, language, "figures", **options)


def test_prose_of_the_other_language_is_left_out():
    cells = markdown("One", "a", ["lang-en"]), markdown("一", "b", ["lang-zh"]), markdown("Both", "c")
    assert [Page(render(*cells, language=language)).text for language in LANGUAGES] == ["One Both", "一 Both"]


def test_payload_is_rendered_in_the_language_of_the_page_and_its_html_is_not_used():
    data = {payload.MIME: payload.prose(both("words", "文字")), "text/html": "<p>as seen in JupyterLab</p>"}
    assert "文字" in render(code(data), language="zh")
    assert "JupyterLab" not in render(code(data))


def test_code_is_folded_in_and_solutions_too():
    page = Page(render(code({"text/plain": "x"}, tags=["solution"])))
    assert [details["class"] for details in page.named("details")] == ["cm-solution", "cm-code"]
    assert all("open" not in details for details in page.named("details"))


def test_failed_notebook_marks_the_cell_and_says_what_was_not_executed():
    html = render(code({"text/plain": "x"}, name="good"), code(name="bad"), code(name="rest", count=None), marked="bad")
    text = Page(html).text
    assert text.count(words("en")["error_title"]) == text.count(words("en")["not_run"]) == 1
    assert html.index('id="cell-bad"') < html.index(words("en")["error_title"]) < html.index('id="cell-rest"')


def test_block_name_cannot_become_markup():
    shown = payload.table('n"><script>alert(1)</script>', "caption", [column("a", "a")], [["x"]])
    assert Page(render(code({payload.MIME: shown}))).named("script") == []


def test_colours_of_a_terminal_are_no_inline_style():
    printed = {"output_type": "stream", "name": "stdout", "text": "\x1b[38;5;28mgreen\x1b[0m \x1b[48;2;1;2;3mblue\x1b[0m"}
    page = Page(render(code(outputs=[printed])))
    assert "green blue" in page.text
    assert [attributes for _, attributes in page.tags if "style" in attributes] == []


def test_braces_of_a_template_stay_braces():
    source = "{{ 7*7 }} {% raw %} {# gone? #}"
    assert Page(render(markdown(source), code({"text/plain": source}))).text.count(source) == 2


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>", "<img src=x onerror=x>", "<p style='color:red' onclick=x>a</p>",
        "<a href='javascript:x'>a</a>",
        "<iframe src='http://example.org'></iframe>", "<form action=x><input></form>", "<svg onload=x></svg>",
        "<object data=x></object>",
        "<link rel=stylesheet href=x>", "<base href=x>", "<meta http-equiv=refresh content=x>",
        "<a href='data:text/html,x'>a</a>",
        "<img src='http://example.org/a.png'>", "<style>a{}</style>", "<math><mtext><script>x</script></mtext></math>",
    ],
)  # fmt: skip
def test_what_acts_is_taken_out_of_foreign_html(html):
    page = Page(sanitise(html))
    assert {tag for tag, _ in page.tags} <= {"p", "a", "img"}
    assert not [
        name for _, attributes in page.tags for name in attributes if name in ("style", "src", "href") or name.startswith("on")
    ]


def test_harmless_html_stays():
    html = '<table><tbody><tr><th scope="row">a</th><td colspan="2">b</td></tr></tbody></table>'
    assert sanitise(html) == html


def test_picture_inside_the_notebook_stays():
    assert Page(sanitise('<img alt="a" src="data:image/png;base64,AAAA">')).named("img") == [
        {"alt": "a", "src": "data:image/png;base64,AAAA"}
    ]


def test_picture_without_words_is_marked_as_such():
    assert Page(sanitise('<img src="data:image/png;base64,AAAA">')).named("img") == [
        {"alt": "", "src": "data:image/png;base64,AAAA"}
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<img src="http://example.org/a.png" alt="a">', "![a](…)"),
        ('<img src="attachment:a.png">', "![](…)"),
        ('<img alt="<b>&">', "![<b>&](…)"),
    ],
)
def test_picture_that_is_not_shown_leaves_its_words(html, text):
    page = Page(sanitise(html))
    assert (page.tags, page.text) == ([], text)


@pytest.mark.parametrize("name", ["image.png", "my picture.png", "图.png", "100%25.png"])
def test_attachment_is_shown_whatever_its_name(name):
    source = f"![*words* & more](attachment:{quote(name)} 'title')"
    page = Page(render(markdown(source, attachments={name: {"image/png": PIXEL}})))
    assert page.named("img") == [{"src": f"data:image/png;base64,{PIXEL}", "alt": "words & more", "title": "title"}]


@pytest.mark.parametrize(
    "attachments", [{}, {"other.png": {"image/png": PIXEL}}, {"a.png": {}}, {"a.png": {"text/html": "<script>x</script>"}}]
)
def test_missing_attachment_leaves_its_words_and_the_page_is_whole(attachments):
    page = Page(render(markdown("Before ![words](attachment:a.png) after", attachments=attachments), markdown("Rest", "n")))
    assert (page.named("img"), page.text) == ([], "Before ![words](…) after Rest")


def test_same_words_with_another_attachment_show_that_one():
    cells = [markdown("![a](attachment:a)", name, attachments={"a": {"image/png": name * 4}}) for name in "AB"]
    assert [image["src"][-4:] for image in Page(render(*cells)).named("img")] == ["AAAA", "BBBB"]


def test_formula_becomes_mathml_and_keeps_what_was_written():
    source = "Take $a_1 < b_2$ and\n\n$$\\sum_{i} x_i * y_i * z$$\n\n\\begin{align} a &= b \\\\ c \\end{align}"
    page = Page(render(markdown(source)))
    shown = page.named("math")
    assert [formula["display"] for formula in shown] == ["inline", "block", "block"]
    assert [formula["alttext"] for formula in shown[:2]] == ["a_1 < b_2", "\\sum_{i} x_i * y_i * z"]
    assert "msub" in {tag for tag, _ in page.tags}
    assert [attributes for _, attributes in page.tags if "style" in attributes] == []


@pytest.mark.parametrize("formula", ["\\frac", "a_", "{", "\\left( a"])
def test_formula_that_cannot_be_read_stays_as_it_is_written(formula):
    assert mathml(formula) is None
    assert f"${formula}$" in Page(render(markdown(f"See ${formula}$ here."))).text


@pytest.mark.parametrize(
    "formula", ["\\href{javascript:alert(1)}{x}", "\\text{<script>alert(1)</script>}", "\\style{color:red}{x}", "\\class{a}{x}"]
)
def test_formula_cannot_act(formula):
    page = Page(render(markdown(f"See ${formula}$ here.")))
    assert page.named("script") == []
    assert [
        name for _, attributes in page.tags for name in attributes if name in ("href", "style") or name.startswith("on")
    ] == []


def test_marks_of_a_formula_in_the_words_of_a_notebook_are_no_formula():
    assert Page(render(markdown("$a$ \ue0000\ue001 \ue0009\ue001"))).named("math") == [
        {"xmlns": "http://www.w3.org/1998/Math/MathML", "display": "inline", "alttext": "a"}
    ]


def test_table_and_code_in_prose_are_shown():
    page = Page(render(markdown("| a | b |\n|---|--:|\n| 1 | *2* |\n\n```python\nx < 1\n```")))
    assert [len(page.named(tag)) for tag in ("table", "th", "td", "em", "pre")] == [1, 2, 2, 1, 1]
    assert "x < 1" in page.text


def test_raw_cell_is_foreign_html_and_one_for_another_format_is_left_out():
    html = {"cell_type": "raw", "id": "r", "metadata": {}, "source": "<p>own <script>alert(1)</script>words</p>"}
    page = Page(render(html, html | {"id": "s", "metadata": {"raw_mimetype": "text/latex"}}))
    assert ([tag for tag, _ in page.tags], page.text) == (["div", "p"], "own words")


@pytest.mark.parametrize(
    "kind", ["image/png", "image/jpeg", "image/svg+xml", "text/plain", "text/html", "text/markdown", "text/latex"]
)
def test_no_kind_of_output_writes_markup_of_its_own(kind):
    page = Page(render(code({kind: 'x"><script>alert(1)</script><img src=x onerror=x>'})))
    assert page.named("script") == []
    assert [attributes for _, attributes in page.tags if "onerror" in attributes] == []


def test_richest_kind_of_an_output_is_shown_alone():
    page = Page(
        render(code({"text/plain": "plain", "image/png": PIXEL + "\n", "text/html": "<b>rich</b>"}, {"image/png": PIXEL}))
    )
    assert "rich" in page.text
    assert "plain" not in page.text
    assert [image["src"] for image in page.named("img")] == [f"data:image/png;base64,{PIXEL}"]


def test_notebook_is_not_changed_by_rendering_it():
    data = {payload.MIME: payload.prose(both("words", "文字")), "text/plain": "x"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [markdown("a", tags=["lang-zh"]), code(data)]}
    before = copy.deepcopy(notebook)
    pages = [render_notebook(notebook, language, None) for language in (*LANGUAGES, *LANGUAGES)]
    assert notebook == before
    assert pages[:2] == pages[2:]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.text(st.sampled_from("<>\"'/= &;!-abscriptonerx\n"), max_size=40))
def test_no_text_makes_a_script_or_a_handler(text):
    page = Page(sanitise(text))
    assert not [tag for tag, _ in page.tags if tag in ("script", "style", "iframe")]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]


def test_known_number_becomes_a_link_and_another_stays():
    node = number(12345, ref="result:a")
    html = payload.to_html(payload.prose({"join": [node, " ", number(2, ref="result:b")], "by": ""}), "en")
    linked = settle(html, {"result:a": "#cell-a"}.get)
    assert '<a class="cm-ref" href="#cell-a"><data value="12345" data-ref="result:a">12,345</data></a>' in linked
    assert "<p><a" in linked
    assert linked.count("<a ") == 1


def test_headings_of_the_second_level_make_the_contents():
    body, contents = with_contents(render(markdown("# Title\n\n## The *first*\n\n### Under\n\n## Second")))
    assert [heading["text"] for heading in contents] == ["The first", "Second"]
    assert all(f'<h2 id="{heading["id"]}">' in body for heading in contents)
    assert "<em>first</em>" in body


def test_every_word_of_the_site_is_there_in_both_languages():
    assert set(words("en")) == set(words("zh"))
    assert all(text["en"].strip() and text["zh"].strip() for name, text in catalogue().items() if name.startswith("site."))
