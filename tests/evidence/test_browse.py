"""The table of cases and the timeline of one."""

import dataclasses

import pytest

import county_metrics as cm
from county_metrics.evidence.browse import timeline
from county_metrics.evidence.load import load_case
from county_metrics.present import payload


@pytest.fixture
def chinese():
    cm.set_language("zh")
    yield
    cm.set_language("en")


def test_the_table_of_cases_has_one_row_a_case():
    table = cm.cases().set_index("id")
    assert list(table.index) == [
        "anji", "demonstration_zone", "jiashan", "linquan", "longgang", "national", "tonglu",
    ]  # fmt: skip
    assert table.loc["jiashan"].to_dict() == {
        "name": "Jiashan County", "level": "county", "parent": "Jiaxing, Zhejiang", "status": "figures",
        "n_figures": 95, "pairs": "departmental_power_items investment_approval_time",
    }  # fmt: skip


@pytest.mark.usefixtures("chinese")
def test_the_table_of_cases_speaks_the_readers_language():
    assert cm.cases()["name"].tolist() == [
        "安吉县", "长三角生态绿色一体化发展示范区", "嘉善县", "临泉县", "龙港市", "全国与一般论述", "桐庐县",
    ]  # fmt: skip


def test_a_timeline_is_in_the_order_of_its_dates():
    text = payload.to_plain(timeline(load_case("jiashan")).payload(), "en")
    starts = [line[:22].strip() for line in text.splitlines()[2:-1]]
    assert starts == [
        "2013", "2013 (inferred)", "2013-02", "2014", "2014", "2014-01", "2014-01-17", "2014-09", "2014-10", "2014-10", "2015-08",
        "2016-12", "2017", "2017-08-02 (inferred)", "2017-10 (inferred)",
    ]  # fmt: skip
    assert text.splitlines()[0] == "Jiashan County: reforms and events in the same years"
    assert "It was not drawn at random" in text.splitlines()[-1]


def test_a_timeline_tells_reforms_from_other_events():
    rows = timeline(load_case("jiashan")).payload()["rows"]
    assert [row[2]["say"] for row in rows] == ["case.reform"] * 11 + ["case.concurrent"] * 4


def test_an_inferred_date_is_marked():
    case = load_case("longgang")
    inferred = dataclasses.replace(case.reforms[0], date_basis="inferred")
    text = payload.to_plain(timeline(dataclasses.replace(case, reforms=(inferred,))).payload(), "en")
    assert "2014-12 (inferred)" in text


def test_a_case_without_dated_reforms_says_so():
    block = timeline(load_case("demonstration_zone")).payload()
    assert block["block"] == "notice"
    assert "No dated reform is printed for this case." in payload.to_plain(block, "en")
    assert "该案例未载有日期的改革。" in payload.to_plain(block, "zh")
