"""The record of a run: typed rows with unit and provenance, and the card of an overview."""

import json
from decimal import Decimal

import pytest

import county_metrics as cm
from county_metrics.present.payload import MIME
from county_metrics.present.wording import plain


def rows_of(change, **counts):
    return {row["name"]: row for row in cm.record(change, **counts).rows}


def test_every_row_has_its_value_unit_bounds_and_provenance(any_pair):
    rows = cm.record(cm.endpoint_change(any_pair)).rows
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"name", "value", "low", "high", "unit", "provenance"}
        assert Decimal(row["value"]).is_finite()
        assert row["unit"]
        if row["low"] is not None:
            assert Decimal(row["low"]) <= Decimal(row["value"]) <= Decimal(row["high"])


def test_the_record_of_the_approval_times(change_of):
    rows = rows_of(change_of("investment_approval_time"), other_events=4)
    assert list(rows) == [
        "before", "after", "absolute_change", "percent_change", "ratio", "log_ratio", "reading_printed_printed",
        "reading_coarser_printed", "break_even_1", "break_even_2", "break_even_3", "break_even_4", "break_even_5",
        "readings", "other_events",
    ]  # fmt: skip
    assert rows["before"] == {
        "name": "before", "value": "230", "low": "229.5", "high": "230.5", "unit": "working_day",
        "provenance": "figure:jiashan_investment_approval_before",
    }  # fmt: skip
    assert rows["absolute_change"] == {
        "name": "absolute_change", "value": "-144", "low": "-145", "high": "-143", "unit": "working_day",
        "provenance": "endpoint_change(jiashan, investment_approval_time)",
    }  # fmt: skip
    assert (rows["break_even_3"]["unit"], rows["break_even_3"]["low"]) == ("percent_a_year", None)
    assert (rows["other_events"]["value"], rows["other_events"]["unit"]) == ("4", "count")


def test_the_record_of_a_share_is_in_percentage_points(change_of):
    rows = rows_of(change_of("surface_water_good_share"))
    assert (rows["percentage_points"]["value"], rows["percentage_points"]["unit"]) == ("21.2", "percentage_point")
    assert rows["reading_printed_printed"]["unit"] == "percentage_point"
    assert (rows["break_even_4"]["value"], rows["break_even_4"]["unit"]) == ("5.3", "percentage_point_a_year")


def test_an_inventory_has_no_break_even_row(change_of):
    assert not [name for name in rows_of(change_of("departmental_power_items")) if name.startswith("break_even")]


@pytest.mark.parametrize(
    ("name", "headline", "bounds"),
    [
        ("investment_approval_time", "−62.6%", "[−62.9, −62.3]"),
        ("departmental_power_items", "−49.3%", "[−49.3, −49.3]"),
        ("good_air_day_share", "+5.7\u00a0percentage points", "[+5.6, +5.8]"),
    ],
)
def test_the_card_holds_headline_bounds_and_grade(change_of, name, headline, bounds):
    change = change_of(name)
    card = cm.record(change).card
    assert plain(card["headline"], "en") == headline
    assert plain(card["bounds"], "en") == bounds
    assert card["design"] == "O1 X O2"
    assert card["nature"] == change.pair.indicator.nature
    assert [item["passed"] for item in card["grade"]] == [item.passed for item in change.pair.grade]


def test_the_card_reads_from_before_to_after_in_both_languages(change_of):
    card = cm.record(change_of("investment_approval_time")).card
    assert plain(card["from_to"], "en").replace("\u00a0", " ") == "230 working days → 86 working days"
    assert plain(card["from_to"], "zh") == "230个工作日 → 86个工作日"
    assert plain(card["place"], "zh") == "嘉善县"


def test_a_record_shows_itself_as_a_block_that_json_keeps(any_pair):
    bundle = cm.record(cm.endpoint_change(any_pair))._repr_mimebundle_()
    block = bundle[MIME]
    assert json.loads(json.dumps(block)) == block
    assert block["block"] == "results"
    assert len(block["shown"]["rows"]) == len(block["rows"])
    assert "Results of this run" in bundle["text/html"]


def test_every_number_of_a_record_refers_to_its_own_row(any_pair):
    record = cm.record(cm.endpoint_change(any_pair))
    shown = record.payload()["shown"]["rows"]
    assert [cells[1]["ref"] for cells in shown] == [f"result:{row['name']}" for row in record.rows]
    assert [cells[1]["number"] for cells in shown] == [row["value"] for row in record.rows]
