"""Blocks and the bundle a notebook keeps of them."""

import json
import re
from base64 import b64decode

import pytest
from IPython.core.formatters import DisplayFormatter

from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, set_language

TABLE = payload.table("t", both("Caption", "标题"), [column("a", both("A", "甲"))], [[number(1, ref="result:x")]])
PROSE = payload.prose(both("One & two", "一"), both("Three", "三"))
NOTICE = payload.notice("refusal", both("Title", "题"), both("Why <b>", "何故"))
END = {"value": "1", "low": "1", "high": "1", "label": "x"}
SLOPE = {"before": END, "after": END, "unit": both("days", "天"), "unit_suffix": "", "change": "0"}
PLOT = payload.plot("slope", "p", both("Cap", "图"), both('Alt "q" & <x>', "图"), SLOPE)
RESULTS = payload.results([{"name": "x"}], {}, TABLE)
STACK = payload.stack(PROSE, payload.stack(NOTICE, RESULTS))


@pytest.mark.parametrize(
    ("block", "html"),
    [
        (PROSE, '<div class="cm-prose"><p>One &amp; two</p><p>Three</p></div>'),
        (NOTICE, '<div class="cm-notice cm-refusal"><p class="cm-title">Title</p><p>Why &lt;b&gt;</p></div>'),
        (PLOT, '<figure class="cm-plot"><figcaption>Cap</figcaption></figure>'),
        (RESULTS, payload.to_html(TABLE, "en")),
    ],
)
def test_a_block_becomes_html(block, html):
    assert payload.to_html(block, "en") == html


def test_a_figure_gets_its_source_and_an_escaped_alternative_text():
    html = payload.to_html(PLOT, "en", figure=lambda block: f"{block['name']}.svg")
    assert '<img src="p.svg" alt="Alt &quot;q&quot; &amp; &lt;x&gt;">' in html


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (PROSE, "一\n三"),
        (NOTICE, "题\n何故"),
        (PLOT, "[图]"),
        (RESULTS, "标题\n甲\n1"),
        (STACK, "一\n三\n\n题\n何故\n\n标题\n甲\n1"),
    ],
)
def test_a_block_becomes_text(block, text):
    assert payload.to_plain(block, "zh") == text


def test_a_walk_meets_every_block_in_reading_order():
    assert [block["block"] for block in payload.walk(STACK)] == [
        "stack", "prose", "stack", "notice", "results", "table",
    ]  # fmt: skip


@pytest.mark.parametrize("block", [TABLE, PROSE, NOTICE, PLOT, RESULTS, STACK])
def test_a_bundle_keeps_one_payload_and_speaks_the_readers_language(block):
    english = payload.bundle(block)
    set_language("zh")
    chinese = payload.bundle(block)
    assert english[payload.MIME] == chinese[payload.MIME] == block
    assert json.loads(json.dumps(block)) == block
    assert english["text/plain"] != chinese["text/plain"]


def test_a_plot_is_kept_as_svg_and_all_else_as_html():
    assert set(payload.bundle(PLOT)) == {payload.MIME, "text/plain", "image/svg+xml"}
    assert payload.bundle(PLOT)["image/svg+xml"].startswith("<?xml")
    assert set(payload.bundle(TABLE)) == {payload.MIME, "text/plain", "text/html"}


def test_a_block_shows_itself():
    block = payload.Block(PROSE)
    assert repr(block) == block.summary() == "One & two\nThree"
    assert block._repr_mimebundle_() == payload.bundle(PROSE)


def test_jupyter_is_offered_a_plot_as_svg_alone():
    """Of HTML and SVG, Jupyter shows the HTML, so a caption beside the drawing would hide it."""
    offered, _ = DisplayFormatter().format(payload.Block(PLOT))
    assert set(offered) == {payload.MIME, "text/plain", "image/svg+xml"}


def test_a_plot_among_other_blocks_is_drawn_within_their_html():
    offered, _ = DisplayFormatter().format(payload.Block(payload.stack(PLOT, TABLE)))
    (drawn,) = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="[^"]+">', offered["text/html"])
    assert b64decode(drawn).decode() == payload.bundle(PLOT)["image/svg+xml"]


def test_what_shows_itself_must_have_a_payload():
    with pytest.raises(TypeError, match=r"abstract method .?payload"):
        payload.Shown()
