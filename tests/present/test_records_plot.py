"""Plots of records: drawn in both languages without a missing character, labelled in the plot, stamped."""

import json
import warnings

import numpy as np
import pytest

from county_metrics.present.plots import draw, svg
from county_metrics.present.records_plot import distributions, survival
from county_metrics.present.wording import both, plain

LABELS = (both("Before", "改革前"), both("After", "改革后"))
UNIT = both("working days", "个工作日")


def histogram(values=((1, 2, 2, 9), (1, 1, 2, 3)), simulated=False):
    sides = [(np.array(side, float), np.ones(len(side))) for side in values]
    return distributions("days", sides, LABELS, UNIT, simulated)


def curves(size=50, simulated=False):
    time = np.arange(size, dtype=float)
    made = []
    for rate in (0.02, 0.06):
        share = np.exp(-rate * time)
        made.append({"time": time, "survival": share, "low": share * 0.9, "high": np.minimum(1, share * 1.1)})
    return survival(made, LABELS, UNIT, 0.95, simulated)


def words(figure):
    return [text.get_text() for axes in figure.axes for text in [*axes.texts, axes.xaxis.label, axes.yaxis.label]]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("block", [histogram(), curves(), curves(5000)], ids=["histogram", "curves", "long"])
def test_it_draws_without_a_missing_character_and_with_the_same_bytes(block, language):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        drawn = svg(block, language)
    assert svg(block, language) == drawn
    assert len(json.dumps(block, allow_nan=False)) < 100_000


def test_shares_of_a_histogram_add_up_and_whole_days_have_bars_of_whole_width():
    data = histogram()["data"]
    assert [sum(group["shares"]) for group in data["groups"]] == [1, 1]
    assert data["edges"] == [0.5 + k for k in range(10)]
    assert [group["median"]["number"] for group in data["groups"]] == ["2", "1"]
    wide = histogram(((0, 0.5, 3000), (1, 2, 3)))["data"]
    assert len(wide["edges"]) == 41
    assert sum(wide["groups"][0]["shares"]) == pytest.approx(1)
    assert sum(histogram(((5, 5), (5, 5)))["data"]["groups"][0]["shares"]) == 1


def test_both_periods_have_one_scale_and_are_labelled_in_the_plot():
    figure = draw(histogram(), "zh")
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_ylim() == second.get_ylim()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["改革前", "改革后"]
    assert "中位数2" in words(figure)
    assert second.get_xlabel() == "个工作日"
    assert figure.axes[0].get_legend() is None


def test_survival_curves_keep_their_ends_and_are_labelled_at_the_curve():
    block = curves(5000)
    group = block["data"]["groups"][0]
    assert len(group["time"]) <= 402
    assert (group["time"][0], group["time"][-1]) == (0, 4999)
    figure = draw(curves(), "en")
    axes = figure.axes[0]
    places = {text.get_text(): text.xy for text in axes.texts}
    assert places["After"][0] < places["Before"][0]
    assert axes.get_xlabel() == "Time since receipt (working days)"


@pytest.mark.parametrize("make", [histogram, curves])
def test_simulated_data_is_stamped_in_the_plot(make):
    assert draw(make(simulated=True), "zh").get_suptitle() == "模拟"
    assert draw(make(simulated=True), "en").get_suptitle() == "simulated"
    assert draw(make(), "en").get_suptitle() == ""


def test_the_alternative_text_names_both_periods():
    assert "Before with median 2, After with median 1" in plain(histogram()["alt"], "en")
    assert "改革前与改革后" in plain(curves()["alt"], "zh")
