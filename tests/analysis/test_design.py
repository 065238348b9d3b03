"""The design gate: what each kind of data may bear, and the refusal that teaches."""

import itertools
import re

import pytest

import county_metrics as cm
from county_metrics.analysis.design import analyses, design_block, designs
from county_metrics.errors import UnknownIdError
from county_metrics.present.payload import MIME, to_plain

OPEN = {
    "endpoints": {"change", "readings", "break_even_trend"},
    "endpoints_compared": {"change", "readings", "break_even_trend", "difference_in_changes"},
    "change_only": {"readings"},
    "records": {"change", "significance_test", "sampling_interval"},
    "series": {"change", "significance_test", "sampling_interval", "interrupted_time_series"},
    "controlled_series": {
        "change", "significance_test", "sampling_interval", "interrupted_time_series", "causal_effect",
    },
    "panel": {"change", "significance_test", "sampling_interval", "difference_in_differences", "causal_effect"},
}  # fmt: skip

TEXT_EN = """Asked for: a significance test (a p-value).
The data are two published endpoints (O1 X O2). One number before and one after, for one place. \
No repeated observations, no spread, no comparison place.
A test compares a difference with the spread of repeated observations. Two published numbers have no spread: \
rounding is not sampling, and any p-value would be invented.
What would make it answerable: one row for each approved project with its dates (records), or the monthly average \
for some years (series).
Open now: a change between two figures, with bounds from rounding; sensitivity to readings and rounding steps; \
the break-even trend."""

TEXT_ZH = """所求：显著性检验（p值）。
数据为两个公布的端点（O1 X O2）。同一地方改革前一个数、改革后一个数；没有重复观测，没有离散程度，没有对照地区。
检验是把差异与重复观测的离散程度相比。两个公布的数字没有离散程度：取整误差不是抽样误差，任何p值都只能是编造的。
需要的数据：每个审批项目一行并带日期的记录，或若干年的月度平均值（时间序列）。
目前可做：两数之间的变化及取整界限；对解读与取整步长的敏感性；临界趋势。"""


def test_each_design_bears_what_its_data_can():
    assert {name: set(design.open) for name, design in designs().items()} == OPEN


@pytest.mark.parametrize(("design", "analysis"), sorted(itertools.product(OPEN, analyses())))
def test_the_gate_opens_and_refuses_as_the_designs_say(design, analysis):
    decision = cm.gate(design, analysis)
    assert decision.allowed is (analysis in OPEN[design])
    if decision.allowed:
        assert decision.require() is None
    else:
        with pytest.raises(cm.DesignError, match=re.escape(analyses()[analysis].why["en"])):
            decision.require()


@pytest.mark.parametrize("analysis", ["significance_test", "sampling_interval", "causal_effect",
                                      "difference_in_changes", "interrupted_time_series",
                                      "difference_in_differences"])  # fmt: skip
def test_two_endpoints_never_bear_a_test_an_interval_or_an_effect(any_pair, analysis):
    assert not cm.gate(any_pair, analysis).allowed
    assert not cm.gate(cm.endpoint_change(any_pair), analysis).allowed


@pytest.mark.parametrize(("language", "text"), [("en", TEXT_EN), ("zh", TEXT_ZH)])
def test_a_refusal_says_what_was_asked_what_there_is_what_is_needed_and_what_is_open(language, text):
    cm.set_language(language)
    with pytest.raises(cm.DesignError) as caught:
        cm.gate("endpoints", "significance_test").require()
    assert str(caught.value) == text


@pytest.mark.parametrize(("language", "title"), [("en", "Refused: a significance test (a p-value)"),
                                                 ("zh", "拒绝：显著性检验（p值）")])  # fmt: skip
def test_a_refusal_shows_itself_under_its_title(language, title):
    cm.set_language(language)
    decision = cm.gate("endpoints", "significance_test")
    lines = decision.summary().splitlines()
    assert lines == [title, *(TEXT_EN if language == "en" else TEXT_ZH).splitlines()]


@pytest.mark.parametrize(("design", "analysis"), sorted(itertools.product(OPEN, analyses())))
def test_every_refusal_reads_in_both_languages(design, analysis):
    block = cm.gate(design, analysis).payload()
    english, chinese = (to_plain(block, language) for language in ("en", "zh"))
    asked, have = analyses()[analysis], designs()[design]
    for text, language in ((english, "en"), (chinese, "zh")):
        assert asked.label[language] in text
        assert have.label[language] in text
        if analysis not in OPEN[design]:
            assert asked.answerable_with[language] in text
            assert all(analyses()[name].label[language] in text for name in have.open)
        assert "{" not in text
    assert not re.search("[\u4e00-\u9fff]", english)


def test_a_refusal_is_one_block_for_both_languages():
    shown = []
    for language in ("en", "zh"):
        cm.set_language(language)
        error = cm.DesignError(analyses()["causal_effect"], designs()["endpoints"])
        shown.append(error._repr_mimebundle_())
    assert shown[0][MIME] == shown[1][MIME]
    assert "A change is not an effect" in shown[0]["text/html"]
    assert "变化不等于效应" in shown[1]["text/html"]
    assert 'class="cm-notice cm-refusal"' in shown[0]["text/html"]


def test_an_open_analysis_says_so_in_both_languages():
    decision = cm.gate("endpoints", "break_even_trend")
    assert decision.summary() == "Open: the break-even trend, with two published endpoints."
    cm.set_language("zh")
    assert decision.summary() == "可做：临界趋势（两个公布的端点）。"


def test_unknown_designs_and_analyses_name_the_nearest():
    with pytest.raises(UnknownIdError, match=r"there is no design 'endpoint'; did you mean 'endpoints'\? Allowed: "):
        cm.gate("endpoint", "change")
    with pytest.raises(UnknownIdError, match=r"there is no analysis 'p_value'; Allowed: break_even_trend, "):
        cm.gate("endpoints", "p_value")


def test_the_table_of_a_design_answers_for_every_analysis(any_pair):
    rows = design_block(any_pair).payload()["rows"]
    assert [row[0] for row in rows] == [analysis.label for analysis in analyses().values()]
    answers = [row[1]["say"] == "gate.yes" for row in rows]
    assert answers == [name in OPEN["endpoints"] for name in analyses()]
    assert all(bool(row[2]) is not answer for row, answer in zip(rows, answers, strict=True))


def test_every_design_and_analysis_is_written_in_both_languages():
    texts = [design.label for design in designs().values()] + [design.holds for design in designs().values()]
    for analysis in analyses().values():
        texts += [analysis.label, analysis.why, analysis.answerable_with]
    for text in texts:
        assert set(text) == {"en", "zh"}
        assert text["en"].strip()
        assert re.search("[\u4e00-\u9fff]", text["zh"])


def test_every_analysis_knows_the_designs_that_answer_it():
    for name, analysis in analyses().items():
        assert set(analysis.designs) == {design for design, is_open in OPEN.items() if name in is_open}
        assert analysis.designs
