"""Flat tables of the curated data: columns, types, filters, labels."""

import re

import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.errors import UnknownIdError
from county_metrics.evidence.frames import NUMBERS, TABLES, column_labels, curated, frame

FIGURE_COLUMNS = (
    "id case indicator indicator_en indicator_zh scope_en scope_zh value value_low value_high value_hi unit unit_en unit_zh "
    "printed quantifier step statistic role kind accrual denominator period period_basis base_period pair nature direction "
    "source independent quote note_en note_zh"
).split()
CLAIM_COLUMNS = (
    "id case kind text_en text_zh verdict reading implied implied_low implied_high figure reason_en reason_zh source quote"
).split()


@pytest.fixture
def chinese():
    cm.set_language("zh")
    yield
    cm.set_language("en")


def test_figures_have_a_row_each_with_everything_a_reader_must_know():
    table = cm.figures()
    assert sorted(table.columns) == sorted(FIGURE_COLUMNS)
    assert table["id"].tolist() == list(curated().figures)
    row = table.set_index("id").loc["jiashan_investment_approval_before"]
    assert (row["printed"], row["value"], row["value_low"], row["value_high"]) == ("230个工作日", 230.0, 229.5, 230.5)
    assert (row["statistic"], row["period_basis"], row["independent"]) == ("unstated", "inferred", "no")
    assert pd.isna(row["value_hi"])


@pytest.mark.parametrize("name", sorted(TABLES))
def test_numbers_are_floats_and_everything_else_is_text(name):
    table = frame(name)
    for column in table.columns:
        if column in NUMBERS:
            assert table[column].dtype == "float64"
        else:
            assert table[column].map(type).eq(str).all()


@pytest.mark.parametrize("case", ["anji", "longgang"])
def test_columns_keep_their_type_where_few_rows_are_left(case):
    assert cm.figures(case=case).dtypes.to_dict() == cm.figures().dtypes.to_dict()


def test_every_value_lies_in_its_bounds():
    table = cm.figures()
    assert (table["value_low"].fillna(float("-inf")) <= table["value"]).all()
    assert (table["value"] <= table["value_high"].fillna(float("inf"))).all()


@pytest.mark.parametrize(
    ("filters", "column"), [({"case": "longgang"}, "case"), ({"role": "before"}, "role"), ({"indicator": "gdp"}, "indicator")]
)
def test_a_filter_keeps_these_and_only_these(filters, column):
    whole = cm.figures()
    wanted = whole[whole[column] == filters[column]].reset_index(drop=True)
    assert 0 < len(wanted) < len(whole)
    pd.testing.assert_frame_equal(cm.figures(**filters), wanted)


def test_filters_work_together():
    table = cm.figures(case="jiashan", role="before")
    assert sorted(table["id"]) == ["jiashan_investment_approval_before", "jiashan_power_items_before"]


def test_filters_that_leave_nothing_give_an_empty_table_of_the_same_form():
    table = cm.figures(case="anji", role="before")
    assert table.empty
    assert table.dtypes.to_dict() == cm.figures().dtypes.to_dict()
    assert table.attrs["labels"] == cm.figures().attrs["labels"]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"case": "jiashn"}, "there is no figure with case 'jiashn'; did you mean 'jiashan'? Allowed: "),
        ({"role": "befor"}, "there is no figure with role 'befor'; did you mean 'before'? Allowed: "),
        ({"indicator": "gdp_per_hed"}, "there is no figure with indicator 'gdp_per_hed'; did you mean 'gdp_per_head'? "),
        ({"case": ""}, "there is no figure with case ''; Allowed: "),
    ],
)
def test_an_unknown_filter_names_the_nearest(filters, message):
    with pytest.raises(UnknownIdError, match=f"^{re.escape(message)}"):
        cm.figures(**filters)


def test_claims_have_a_row_each_with_verdict_and_implied_value():
    table = cm.claims()
    assert sorted(table.columns) == sorted(CLAIM_COLUMNS)
    assert table["id"].tolist() == [claim.id for claim in curated().claims]
    row = table.set_index("id").loc["jiashan_claim_power_cut"]
    assert (row["verdict"], row["kind"], round(row["implied"], 2)) == ("agrees", "restated", -49.27)
    assert row["implied_low"] <= row["implied"] <= row["implied_high"]
    assert set(table["kind"]) <= {"restated", "sum", "equal", "part_of", "at_most", "derived"}


def test_mechanisms_have_a_row_each():
    table = cm.mechanisms()
    assert table["id"].tolist() == [mechanism.id for mechanism in curated().mechanisms]
    assert {"what_en", "measure_en", "data_en", "figures", "indicators"} <= set(table.columns)
    assert table["name_zh"].str.contains("[\u4e00-\u9fff]").all()


def test_indicators_say_how_many_figures_they_have():
    table = frame("indicators").set_index("id")
    assert table["n_figures"].astype(int).sum() == len(curated().figures)
    assert table.loc["investment_approval_time", "n_figures"] == "2"


def test_events_and_sources_have_a_row_each():
    assert len(frame("events")) == sum(len(c.reforms) + len(c.concurrent_events) for c in curated().cases)
    assert frame("sources")["id"].tolist() == list(curated().words.sources)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_has_a_label_of_at_most_80_characters(name, language):
    labels = column_labels(name, language)
    assert list(labels) == list(frame(name).columns)
    assert all(label and label != column and len(label) <= 80 for column, label in labels.items())
    assert all(bool(re.search("[\u4e00-\u9fff]", label)) == (language == "zh") for label in labels.values())


def test_a_table_carries_the_labels_of_its_columns():
    assert cm.figures().attrs["labels"] == column_labels("figures", "en")


@pytest.mark.usefixtures("chinese")
def test_labels_are_in_the_readers_language():
    assert cm.claims().attrs["labels"] == column_labels("claims", "zh")


def test_a_table_can_be_changed_without_changing_the_next():
    table = cm.figures()
    table["value"] = 0.0
    assert cm.figures(case="jiashan", role="before")["value"].tolist() == [9002.0, 230.0]
