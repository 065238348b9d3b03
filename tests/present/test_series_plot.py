"""Plot of a series: what is drawn, where the label stands, the stamp, both languages."""

import warnings

import numpy as np
import pytest

from county_metrics.present.payload import to_html, to_plain
from county_metrics.present.plots import MissingGlyphWarning, draw, svg
from county_metrics.present.series_plot import series_block
from county_metrics.present.wording import both, plain

NAN = float("nan")


def block(n=24, start=12, *, level=-5.0, **settings):
    since = np.arange(n) - start
    fitted = 40 + 0.1 * since + level * (since >= 0)
    lines = {"observed": fitted + np.sin(since), "fitted": fitted, "counterfactual": np.where(since >= 0, fitted - level, NAN)}
    periods = [f"{2013 + place // 12}-{place % 12 + 1:02d}" for place in range(n)]
    return series_block("made", "审批天数 days", periods, lines, start, **settings)


def texts(axes):
    return {text.get_text() for text in axes.texts}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("settings", [{}, {"simulated": True}, {"end": 14}, {"controls": [("桐庐", np.arange(24.0))]}])
def test_a_series_draws_without_a_missing_character_and_with_the_same_bytes(language, settings):
    made = block(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", MissingGlyphWarning)
        drawn = svg(made, language)
    assert svg(made, language) == drawn
    assert len(drawn) < 300_000


def test_the_continued_trend_is_dashed_and_named_on_the_line():
    axes = draw(block(), "en").axes[0]
    dashed = [line for line in axes.lines if line.is_dashed()]
    assert len(dashed) == 1
    assert np.isfinite(dashed[0].get_ydata()).sum() == 12
    label = next(text for text in axes.texts if text.get_text() == "earlier trend continued")
    assert label.xy == (23, pytest.approx(np.nanmax(dashed[0].get_ydata())))
    assert label.get_verticalalignment() == "bottom"
    assert label.get_color() == dashed[0].get_color()


def test_the_label_stands_below_where_the_change_is_upward():
    axes = draw(block(level=5.0), "en").axes[0]
    label = next(text for text in axes.texts if text.get_text() == "earlier trend continued")
    assert label.get_verticalalignment() == "top"


def test_the_start_is_a_line_and_the_time_after_is_shaded():
    axes = draw(block(), "zh").axes[0]
    assert [11.5, 11.5] in [list(line.get_xdata()) for line in axes.lines]
    assert axes.patches[0].get_x() == 11.5
    assert {"开始", "原有趋势的延续"} <= texts(axes)


def test_the_fit_leaves_out_the_phase_in():
    axes = draw(block(end=15), "en").axes[0]
    assert [next(iter(line.get_xdata())) for line in axes.lines if len(line.get_xdata()) in (12, 9)] == [0, 15]


def test_simulated_data_is_stamped_on_figure_and_caption():
    made = block(simulated=True)
    assert "SIMULATED" in texts(draw(made, "en").axes[0])
    assert "模拟数据" in texts(draw(made, "zh").axes[0])
    assert "SIMULATED" in to_html(made, "en")
    assert "SIMULATED" not in texts(draw(block(), "en").axes[0])


def test_comparison_series_are_grey_and_named():
    made = block(
        controls=[(both(name, name), values) for name, values in (("Tonglu", np.arange(24.0)), ("Anji", np.full(24, NAN)))]
    )
    axes = draw(made, "en").axes[0]
    grey = [line for line in axes.lines if line.get_color() == "#9aa5b1"]
    assert len(grey) == 2
    assert "Tonglu" in texts(axes)
    assert "Anji" not in texts(axes)


def test_missing_values_are_kept_as_missing_and_words_fit_the_lines():
    made = block()
    assert made["data"]["lines"]["counterfactual"][:12] == [None] * 12
    bare = series_block("made", "days", ["a", "b"], {"observed": [1, NAN]}, 1, unit="days")
    assert bare["data"]["lines"] == {"observed": ["1", None]}
    assert plain(bare["data"]["outcome"], "en") == "days (days)"
    assert "earlier trend" not in to_plain(bare, "en")
    assert len(draw(bare, "en").axes[0].lines) == 2
