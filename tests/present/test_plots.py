"""Plots: the same bytes every time, Chinese text drawn, a missing character named."""

import re
import subprocess
import sys
import warnings

import pytest
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

import county_metrics as cm
from county_metrics.errors import UnknownIdError
from county_metrics.paths import fonts
from county_metrics.present import payload
from county_metrics.present.plots import MissingGlyphWarning, draw, missing_glyphs, svg
from county_metrics.present.wording import catalogue, plain

PAIRS = [(case, pair.id) for case in cm.cases()["id"] for pair in cm.load_case(case).pairs]


def block_of(case, pair, kind):
    return getattr(cm.show, kind)(cm.endpoint_change(cm.load_case(case).pair(pair))).payload()


def slope(label="x", unit="days"):
    end = {"value": "2", "low": "1", "high": "3", "label": label}
    data = {"before": end, "after": end | {"label": "y"}, "unit": unit, "unit_suffix": "", "change": "0"}
    return payload.plot("slope", "s", "caption", "alt", data)


@pytest.mark.parametrize("kind", ["intervals", "slope"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("case", "pair"), PAIRS)
def test_every_pair_draws_without_a_missing_character_and_with_the_same_bytes(case, pair, language, kind):
    block = block_of(case, pair, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        drawn = svg(block, language)
    assert drawn.startswith(b"<?xml")
    assert svg(block, language) == drawn


def test_a_plot_has_the_same_bytes_in_another_process():
    code = (
        "import sys, county_metrics as cm\n"
        "from county_metrics.present.plots import svg\n"
        "pair = cm.load_case('jiashan').pair('investment_approval_time')\n"
        "sys.stdout.buffer.write(svg(cm.show.slope(cm.endpoint_change(pair)).payload(), 'zh'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == svg(block_of("jiashan", "investment_approval_time", "slope"), "zh")


def test_a_plot_carries_no_clock_and_no_text_that_needs_a_font():
    drawn = svg(slope(), "en")
    assert not re.search(rb"\d{4}-\d{2}-\d{2}T|<text|font-family", drawn)


def test_languages_differ_in_words_and_not_in_data():
    block = block_of("jiashan", "investment_approval_time", "slope")
    labels = {}
    for language in ("en", "zh"):
        axes = draw(block, language).axes[0]
        labels[language] = [tick.get_text() for tick in axes.get_xticklabels()]
        assert list(axes.lines[0].get_ydata()) == [230, 86]
    assert labels["en"] == ["Before\nuntil 2014-01-16 (inferred)", "After\n2014-01-17 to 2017-11-08 (inferred)"]
    assert labels["zh"][0].startswith("改革前\n至2014-01-16")


def test_a_slope_shows_the_values_and_the_change():
    axes = draw(block_of("demonstration_zone", "surface_water_good_share", "slope"), "en").axes[0]
    assert [text.get_text() for text in axes.texts] == ["75%", "96.2%", "+21.2\u00a0percentage points"]
    assert axes.get_ylim()[0] == 0


def test_intervals_show_every_reading_with_its_bounds():
    axes = draw(block_of("jiashan", "investment_approval_time", "intervals"), "en").axes[0]
    assert [text.get_text() for text in axes.texts] == ["−62.6 [−63.6, −61.6]", "−62.6 [−62.9, −62.3]"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        "230 to the nearest 10; 86 to the nearest 1", "230 to the nearest 1; 86 to the nearest 1",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["label", "unit"])
def test_a_character_that_no_font_has_is_named(place):
    with pytest.warns(MissingGlyphWarning, match=r"^no shipped font can draw '𓀀' \(U\+13000\)$"):
        assert isinstance(draw(slope(**{place: "嘉善𓀀"}), "zh"), Figure)


def test_every_missing_character_is_named_once():
    assert missing_glyphs("嘉善𓀀 𓀁𓀀\n230 → 86 −÷≥％①") == ["𓀀", "𓀁"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_fonts_hold_every_character_of_the_catalogue_and_the_data(language):
    text = "".join(message[language] for message in catalogue().values())
    for case, pair in PAIRS:
        loaded = cm.load_case(case).pair(pair)
        for figure in (loaded.before, loaded.after):
            texts = [figure.printed, figure.quote]
            texts += [node[language] for node in (figure.scope, figure.note, figure.unit.label, figure.indicator.label)]
            text += "".join(texts)
        text += plain(cm.endpoint_change(loaded).estimand, language)
    assert missing_glyphs(text) == []


def test_bold_text_has_the_characters_of_regular_text():
    regular, bold = (set(FT2Font(str(fonts() / f"NotoSansSC-{name}.ttf")).get_charmap()) for name in ("Regular", "Bold"))
    assert regular == bold
    assert len(regular) > 6000


def test_an_unknown_kind_of_plot_names_the_nearest():
    block = slope() | {"kind": "slopes"}
    with pytest.raises(
        UnknownIdError, match=r"^there is no plot 'slopes'; did you mean 'slope'\? Allowed: curve, distributions, "
    ):
        draw(block, "en")


def test_drawing_leaves_the_settings_of_the_reader_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    svg(slope(), "en")
    assert dict(matplotlib.rcParams) == before
