"""The machine-readable face: every table twice, an index that is right, nothing that a spreadsheet would run."""

import csv
import json

import pytest

from county_metrics.evidence.frames import TABLES, curated
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.datafiles import write_datafiles
from tests.report.made_runs import HOSTILE, RESULTS, run, site
from tests.small_project import contents

ALL = [*TABLES, "cases", "pairs", "results", "units"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    return [run(store), run(store, "sweep.001", grid=True)]


@pytest.fixture(scope="module")
def data(tmp_path_factory, pages):
    folder = site(tmp_path_factory.mktemp("site"), pages)
    write_datafiles(folder, pages)
    return folder / "data"


@pytest.fixture(scope="module")
def index(data):
    return {entry["name"]: entry for entry in json.loads((data / "index.json").read_text("utf-8"))["tables"]}


def rows(data, name):
    with (data / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_stands_in_the_index(index):
    assert sorted(index) == sorted([*ALL, "run/hostile", "run/total", "run/results"])


def test_the_index_is_true_of_every_file(data, index):
    for entry in index.values():
        found = rows(data, entry["name"])
        assert len(found) == entry["rows"] > 0
        assert list(found[0]) == [column["name"] for column in entry["columns"]]
        assert (data / entry["csv"]).is_file()
        assert (data / entry["json"]).is_file()
        assert all((data / name).is_file() for name in entry.get("journal", []))


def test_every_column_is_described_in_both_languages_with_the_place_of_its_unit(index):
    for entry in index.values():
        names = [column["name"] for column in entry["columns"]]
        for column in entry["columns"]:
            assert all(column["description"][language] for language in LANGUAGES)
            assert column["unit_column"] is None or (column["type"] == "number" and column["unit_column"] in names)
    described = [c for name in ALL for c in index[name]["columns"] if c["description"]["zh"] == c["name"]]
    assert described == []


def test_no_table_of_curated_data_lacks_its_licence(index):
    assert {index[name]["licence"] for name in ALL} == {"CC-BY-4.0"}
    assert index["run/total"]["licence"] == "that of the data the run reads"


def test_json_holds_the_same_rows_with_numbers_as_numbers(data):
    for name in ALL:
        content = json.loads((data / f"{name}.json").read_text("utf-8"))
        numeric = {column["name"] for column in content["columns"] if column["type"] == "number"}
        for row, text in zip(content["rows"], rows(data, name), strict=True):
            for key, value in row.items():
                if key in numeric:
                    assert (value is None) == (text[key] == "")
                    assert value is None or float(text[key]) == value
                else:
                    assert isinstance(value, str)


def test_the_change_of_a_pair_is_the_one_computed_by_hand(data):
    (pair,) = [row for row in rows(data, "pairs") if row["id"] == "investment_approval_time"]
    assert (pair["before_value"], pair["after_value"], pair["unit"]) == ("230", "86", "working_day")
    assert float(pair["change"]) == pytest.approx((86 / 230 - 1) * 100)
    assert float(pair["change_low"]) == pytest.approx((85.5 / 230.5 - 1) * 100)
    assert float(pair["change_high"]) == pytest.approx((86.5 / 229.5 - 1) * 100)
    assert (pair["change_unit"], pair["same_scope"], pair["independent"]) == ("percent", "yes", "no")


def test_every_claim_has_its_verdict(data):
    assert {row["id"]: row["verdict"] for row in rows(data, "claims")} == {v.claim.id: v.verdict for v in curated().verdicts}


def test_results_hold_every_run_those_of_sweeps_too(data):
    found = rows(data, "results")
    assert [(row["run"], row["grid"], row["value"], row["low"]) for row in found] == [
        ("run", "", "12345.5", ""), ("sweep.001", "sweep", "12345.5", ""),
    ]  # fmt: skip
    assert json.loads(found[0]["parameters"]) == {"years": 3}


def test_a_run_of_a_sweep_has_no_files_of_its_own_but_its_results(data):
    assert [path.name for path in (data / "sweep.001").iterdir()] == ["results.json"]


def test_the_results_of_a_run_stay_as_they_were_recorded(data):
    assert json.loads((data / "run" / "results.json").read_text("utf-8"))["results"] == RESULTS


def test_text_that_would_run_in_a_spreadsheet_is_set_off_and_numbers_are_not(data):
    found = rows(data, "run/hostile")
    assert [row["label"] for row in found] == [HOSTILE[0], "'=cmd()", *HOSTILE[2:]]
    assert [row["value"] for row in found] == ["0", "1", "2", "3", "4"]
    kept = json.loads((data / "run" / "hostile.json").read_text("utf-8"))["rows"]
    assert [row["label"] for row in kept] == list(HOSTILE)
    for path in data.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        risky = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and not cell.lstrip("+-").replace(".", "", 1).isdigit()]
        assert risky == []


def test_a_table_of_a_run_stands_for_journals_in_both_languages(data):
    names = {path.name for path in (data / "run").glob("hostile.*")}
    assert names == {"hostile.csv", "hostile.json", *(f"hostile.{x}.{kind}" for x in LANGUAGES for kind in ("tex", "html"))}


def test_the_same_runs_give_the_same_bytes(data, pages, tmp_path):
    write_datafiles(site(tmp_path, pages), pages)
    assert contents(tmp_path / "data") == contents(data)
