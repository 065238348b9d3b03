"""The one way a number reaches a reader."""

from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.present.number import format_number, number, number_html, number_plain
from county_metrics.present.wording import both

LAW = settings(deadline=None, derandomize=True, max_examples=200)


@pytest.mark.parametrize(
    ("value", "places", "signed", "text"),
    [
        ("230", None, False, "230"),
        ("9002", None, False, "9002"),
        ("10000", None, False, "10,000"),
        ("45700000000", None, False, "45,700,000,000"),
        ("-12345.678", 1, False, "−12,345.7"),
        ("-62.6087", 1, True, "−62.6"),
        ("21.2", 1, True, "+21.2"),
        ("21.2", 1, False, "21.2"),
        ("0", 1, True, "0.0"),
        ("-0.04", 1, True, "0.0"),
        ("0.25", 1, False, "0.2"),
        ("0.35", 1, False, "0.4"),
        ("1E+10", None, False, "10,000,000,000"),
        ("75", 1, False, "75.0"),
    ],
)
def test_digits_are_grouped_rounded_and_signed_for_reading(value, places, signed, text):
    assert format_number(value, places, signed) == text


@pytest.mark.parametrize("ref", ["", "before", "http://x", "figures:a", "figure"])
def test_a_number_without_a_reference_is_refused(ref):
    with pytest.raises(ValueError, match=f"^a number needs a reference to where it comes from, not '{ref}'$"):
        number(1, ref=ref)


@pytest.mark.parametrize("kind", ["figure", "result", "param", "constant"])
def test_four_kinds_of_reference_are_known(kind):
    assert number_html(number(86, ref=f"{kind}:a"), "en") == f'<data value="86" data-ref="{kind}:a">86</data>'


def test_the_full_value_stays_beside_the_rounded_one():
    node = number(Decimal("-62.608695"), ref="result:percent_change", places=1)
    assert number_html(node, "en") == '<data value="-62.608695" data-ref="result:percent_change">−62.6</data>'


@pytest.mark.parametrize(
    ("unit", "english", "chinese"),
    [
        (both("working days", "个工作日"), "86\u00a0working days", "86个工作日"),
        (both("%", "%"), "86%", "86%"),
        (both("kg", "kg"), "86\u00a0kg", "86\u00a0kg"),
        (None, "86", "86"),
    ],
)
def test_a_unit_is_set_as_the_language_sets_it(unit, english, chinese):
    node = number(86, ref="figure:a", unit=unit)
    assert (number_plain(node, "en"), number_plain(node, "zh")) == (english, chinese)


def test_a_unit_and_a_reference_are_escaped():
    html = number_html(number(1, ref='figure:"><b>', unit=both("<i>&", "个")), "en")
    assert html == '<data value="1" data-ref="figure:&quot;&gt;&lt;b&gt;">1</data>\u00a0&lt;i&gt;&amp;'


class Data(HTMLParser):
    """Attributes and text of the one data element."""

    def __init__(self, html):
        super().__init__()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tag, self.attributes = tag, dict(attrs)

    def handle_data(self, data):
        self.text += data


decimals = st.decimals(min_value=-(10**12), max_value=10**12, places=8)


@LAW
@given(decimals, st.integers(0, 6), st.booleans())
def test_markup_keeps_the_value_and_shows_it_within_half_a_step(value, places, signed):
    parsed = Data(number_html(number(value, ref="result:x", places=places, signed=signed), "en"))
    assert (parsed.tag, Decimal(parsed.attributes["value"])) == ("data", value)
    shown = Decimal(parsed.text.replace(",", "").replace("−", "-"))
    assert abs(shown - value) <= Decimal(1).scaleb(-places) / 2
    assert "-" not in parsed.text
    assert parsed.text.startswith("+") == (signed and shown > 0)


@LAW
@given(decimals)
def test_without_places_a_value_is_shown_as_it_is(value):
    assert Decimal(format_number(str(value), None, False).replace(",", "").replace("−", "-")) == value
