"""Tables: HTML with real headers, aligned text, unrounded values for a download."""

from html.parser import HTMLParser

import pytest

from county_metrics.present.number import number
from county_metrics.present.payload import table
from county_metrics.present.tables import column, table_html, table_plain, tidy_rows
from county_metrics.present.wording import both

COLUMNS = [column("what", both("What", "项目")), column("value", both("Value", "数值"), numeric=True)]
ROWS = [[both("Before", "改革前"), number("230.123", ref="figure:a", places=1)], [both("After <x>", "改革后"), None]]
BLOCK = table("t", both("A & B", "标题"), COLUMNS, ROWS, [both("Note", "说明")])


class Outline(HTMLParser):
    """Tags with their attributes, in order."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_a_table_has_a_caption_and_headers_of_columns_and_rows():
    tags = Outline(table_html(BLOCK, "en")).tags
    names = [name for name, _ in tags]
    assert names[:5] == ["div", "table", "caption", "thead", "tr"]
    assert [attrs.get("scope") for name, attrs in tags if name == "th"] == ["col", "col", "row", "row"]
    assert [attrs.get("class") for name, attrs in tags if name == "td"] == ["cm-num", "cm-num"]
    assert tags[0][1] == {"class": "cm-table", "data-table": "t"}


def test_a_table_escapes_words_and_marks_up_numbers():
    html = table_html(BLOCK, "en")
    assert "<caption>A &amp; B</caption>" in html
    assert '<th scope="row">After &lt;x&gt;</th><td class="cm-num"></td>' in html
    assert '<td class="cm-num"><data value="230.123" data-ref="figure:a">230.1</data></td>' in html
    assert html.endswith('</table><p class="cm-note">Note</p></div>')


def test_text_is_aligned_left_and_numbers_right():
    assert table_plain(BLOCK, "en") == "A & B\nWhat       Value\nBefore     230.1\nAfter <x>\nNote"


def test_chinese_signs_take_two_places_in_aligned_text():
    assert table_plain(BLOCK, "zh") == "标题\n项目     数值\n改革前  230.1\n改革后\n说明"


def test_a_download_holds_unrounded_values_and_english_words():
    assert tidy_rows(BLOCK) == [{"what": "Before", "value": "230.123"}, {"what": "After <x>", "value": ""}]


@pytest.mark.parametrize("show", [lambda block: table_html(block, "en"), tidy_rows, lambda b: table_plain(b, "en")])
def test_a_row_with_too_many_or_too_few_cells_is_refused(show):
    with pytest.raises((ValueError, IndexError), match=r"zip|list index out of range"):
        show(table("t", "c", COLUMNS, [["a"]]))
