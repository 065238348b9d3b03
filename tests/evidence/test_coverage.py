"""Every numeral and quantity word of a text is accounted for, or named."""

import pytest

from county_metrics.evidence.catalogue import load_catalogue
from county_metrics.evidence.coverage import check_reasons, uncovered
from county_metrics.evidence.locate import Copy, normalise
from county_metrics.evidence.schema import UNCOVERED
from county_metrics.evidence.verify import check_coverage, verify_sources
from tests.made_up import REASON, RIVER, STONE, data_folder, table


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return data_folder(tmp_path / "data")


def copy_of(text, source="river", *, preferred=True, intact=True):
    return Copy(f"{source}.txt", source, "clean", preferred, normalise(text), intact)


def gaps(text, data, source="river"):
    return [(gap.paragraph, gap.text) for gap in uncovered(copy_of(text, source), load_catalogue(data))]


def test_figures_events_claims_and_reasons_cover_a_text(data):
    assert gaps(RIVER, data) == []
    assert gaps(STONE, data, "stone") == []


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("另有8座桥", "8"), ("增长1.5", "1.5"), ("占百分之", "百分之"), ("实现全覆盖", "全覆盖"), ("翻两番", "翻两番"), ("翻番", "翻番"),
        ("近五成", "五成"), ("是十倍", "十倍"), ("设三个组", "三个"), ("列百强县", "百强"), ("纠纷零增长", "零增长"), ("居前三", "前三"),
        ("费用减半", "减半"), ("参与过半", "过半"),
    ],
)  # fmt: skip
def test_a_quantity_that_nothing_accounts_for_is_named(data, sentence, found):
    assert gaps(f"{RIVER}{sentence}。", data) == [(2, found)]


@pytest.mark.parametrize("sentence", ["进一步推进", "统一管理", "第一书记", "万众一心"])
def test_a_numeral_that_counts_nothing_is_left(data, sentence):
    assert gaps(f"{RIVER}{sentence}。", data) == []


def test_a_numeral_is_covered_as_a_whole_or_not_at_all(data):
    assert gaps("河湾乡有渔船456艘。乡民共300人。", data) == [(1, "456")]
    assert gaps("河湾乡有渔船45艘。乡民共1300人。", data) == [(1, "1300")]


def test_what_covers_one_source_covers_no_other(data):
    assert gaps(RIVER, data, "stone") == [(1, "45"), (1, "300")]


def test_a_gap_shows_what_stands_around_it(data):
    (gap,) = uncovered(copy_of(f"{RIVER}乡里另有8座桥。"), load_catalogue(data))
    assert (gap.source, gap.around) == ("river", "0人。 乡里另有8座桥。")


@pytest.mark.parametrize(("count", "text"), [("2", "300人"), ("1", "30人")])
def test_a_reason_stands_as_often_as_it_says(data, count, text):
    table(data / "uncovered.csv", UNCOVERED, [REASON | {"count": count, "text": text}])
    stands = 1 if text == "300人" else 0
    problems = check_reasons(copy_of(RIVER), load_catalogue(data))
    column = 7 + len(text) + 1
    assert [str(problem) for problem in problems] == [
        f"data/uncovered.csv:2:{column}: count: {count}, but '{text}' stands {stands} times in river"
    ]


def test_a_reason_of_another_source_is_not_looked_for(data):
    assert check_reasons(copy_of(STONE, "stone"), load_catalogue(data)) == []


@pytest.mark.parametrize(("preferred", "intact", "count"), [(True, True, 1), (False, True, 0), (True, False, 0)])
def test_only_intact_preferred_texts_are_judged(made_up_data, preferred, intact, count):
    problems = check_coverage([copy_of(f"{RIVER}另有8座桥。", preferred=preferred, intact=intact)])
    assert len(problems) == count
    assert all(
        str(problem).startswith("river (river.txt):2: '8' in ")
        and str(problem).endswith("is no figure, event or claim; add it, or a reason to uncovered.csv")
        for problem in problems
    )


def test_every_quantity_of_the_sources_is_covered(sources):
    copies, _ = verify_sources(sources)
    assert len([copy for copy in copies if copy.preferred and copy.intact]) == 4
    assert check_coverage(copies) == []
