"""Plots of panels: what stands where, in both languages, the same bytes every time."""

import pytest

from county_metrics.present.panel_plot import event_block, line, paths_block
from county_metrics.present.plots import draw, missing_glyphs, svg
from county_metrics.present.wording import both, plain

TICKS = [(float(place), str(2010 + place)) for place in range(12)]


def paths(kind="paths", simulated=False):
    lines = [
        line(both("treated", "处理"), [(place, 10 - place) for place in range(12)]),
        line(both("comparison", "对照"), [(place, 9.9 - place) for place in range(12)]),
        line("", [(place, 0.5) for place in range(12)], quiet=True),
    ]
    return paths_block(kind, kind, "审批时间", "working days", lines, TICKS, 6, simulated=simulated)


def events(simulated=False):
    rows = [
        {"event": -2, "value": 0.1, "low": -0.4, "high": 0.6, "reference": False},
        {"event": -1, "value": 0.0, "low": None, "high": None, "reference": True},
        {"event": 0, "value": -2.0, "low": -2.5, "high": -1.5, "reference": False},
    ]
    return event_block("event_study", "days", "working days", rows, simulated=simulated)


BLOCKS = {"paths": paths, "gap": lambda **more: paths("gap", **more), "event_study": events}


def texts(figure):
    axes = figure.axes[0]
    return {text.get_text() for text in axes.texts} | {axes.get_title(loc="right"), axes.get_ylabel(), axes.get_xlabel()}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_plot_is_the_same_every_time(name, language):
    block = BLOCKS[name]()
    assert svg(block, language) == svg(block, language)
    assert missing_glyphs(plain(block["caption"], language) + plain(block["alt"], language)) == []


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(("language", "words"), [("en", "simulated data"), ("zh", "模拟数据")])
def test_simulated_data_is_stamped(name, language, words):
    assert words in texts(draw(BLOCKS[name](simulated=True), language))
    assert words not in texts(draw(BLOCKS[name](), language))


@pytest.mark.parametrize(("language", "names"), [("en", {"treated", "comparison", "start"}), ("zh", {"处理", "对照", "开始"})])
def test_lines_are_named_where_they_end(language, names):
    figure = draw(paths(), language)
    assert names <= texts(figure)
    heights = sorted(text.xy[1] for text in figure.axes[0].texts if text.get_text() in names and text.xy[0] == 11)
    low, high = figure.axes[0].get_ylim()
    assert heights[1] - heights[0] > 0.05 * (high - low)


def test_the_start_lies_between_the_periods():
    axes = draw(paths(), "en").axes[0]
    assert any(list(found.get_xdata()) == [5.5, 5.5] for found in axes.lines)
    assert len(axes.get_xticks()) <= 8


def test_a_gap_is_drawn_around_zero():
    axes = draw(paths("gap"), "en").axes[0]
    assert any(list(found.get_ydata()) == [0, 0] for found in axes.lines)


def test_leads_are_hollow_and_the_reference_has_no_bar():
    axes = draw(events(), "en").axes[0]
    faces = {tuple(found.get_xdata()): found.get_markerfacecolor() for found in axes.lines if found.get_marker() == "o"}
    assert faces[(-2, -1)] == "white"
    assert faces[(0,)] != "white"
    assert len(axes.collections[0].get_segments()) == 2
    assert "reference" in texts(axes.figure)


def test_all_withheld_still_draws():
    block = events()
    for row in block["data"]["rows"]:
        row["low"] = row["high"] = None
    assert svg(block, "zh")
