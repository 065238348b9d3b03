"""Exports open in what this field uses, hold everything, and are the same bytes every time."""

import re

import pandas as pd
import pytest
from openpyxl import load_workbook
from pandas.io.stata import StataReader

from county_metrics.errors import UnknownIdError
from county_metrics.evidence import export as module
from county_metrics.evidence.export import codebook, export
from county_metrics.evidence.frames import NUMBERS, TABLES, column_labels, curated, frame

NAMES = sorted(TABLES)
RENAMED = {"case": "case_id", "end": "end_date"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every table in every format."""
    folder = tmp_path_factory.mktemp("export")
    return folder, {kind: export(folder / kind, kind) for kind in ("csv", "xlsx", "dta")}


def texts_kept(table):
    return {column: str for column in table.columns if column not in NUMBERS}


def equal(found, wanted):
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    assert found.shape[0] > 0


@pytest.mark.parametrize("name", NAMES)
def test_csv_reads_back_equal(written, name):
    wanted = frame(name)
    equal(pd.read_csv(written[0] / "csv" / f"{name}.csv", dtype=texts_kept(wanted), keep_default_na=False,
                      na_values={column: [""] for column in NUMBERS}), wanted)  # fmt: skip


def test_csv_opens_in_a_spreadsheet_with_its_chinese(written):
    content = (written[0] / "csv" / "figures.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" not in content


@pytest.mark.parametrize("name", NAMES)
def test_excel_reads_back_equal_with_a_codebook_of_every_column(written, name):
    path, wanted = written[0] / "xlsx" / f"{name}.xlsx", frame(name)
    read = {"keep_default_na": False, "na_values": {column: [""] for column in NUMBERS}}
    equal(pd.read_excel(path, sheet_name=name, dtype=texts_kept(wanted), **read), wanted)
    book = pd.read_excel(path, sheet_name="codebook", dtype=str, keep_default_na=False)
    assert book["column"].tolist() == list(wanted.columns)
    assert book["label_en"].tolist() == list(column_labels(name, "en").values())
    assert book["label_zh"].tolist() == list(column_labels(name, "zh").values())
    pd.testing.assert_frame_equal(book, codebook(name), check_dtype=False)


@pytest.mark.parametrize("name", NAMES)
def test_stata_reads_back_equal(written, name):
    wanted = frame(name).rename(columns=RENAMED)
    found = pd.read_stata(written[0] / "dta" / f"{name}.dta")
    for column in found.select_dtypes("category").columns:
        found[column] = found[column].astype(str)
    equal(found, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_stata_has_a_label_for_every_variable_and_value_labels_for_categories(written, name):
    wanted = frame(name).rename(columns=RENAMED)
    with StataReader(written[0] / "dta" / f"{name}.dta") as reader:
        labels, values = reader.variable_labels(), reader.value_labels()
        assert reader.data_label == f"county_metrics {name}"
    english = {RENAMED.get(column, column): label for column, label in column_labels(name, "en").items()}
    assert labels == english
    assert all(0 < len(label) <= 80 for label in labels.values())
    categories = set(module._CATEGORIES) & set(wanted.columns)
    assert {key: sorted(found.values()) for key, found in values.items()} == {
        column: sorted(wanted[column].unique()) for column in categories
    }


def test_a_table_of_figures_has_value_labels(written):
    with StataReader(written[0] / "dta" / "figures.dta") as reader:
        assert set(reader.value_labels()["role"].values()) == {figure.role for figure in curated().figures.values()}


def test_stata_comes_with_a_script_that_opens_it(written):
    for name in NAMES:
        assert f'use "{name}.dta", clear' in (written[0] / "dta" / f"{name}.do").read_text("utf-8").splitlines()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "dta"])
def test_two_exports_are_the_same_bytes(written, tmp_path, kind):
    again = export(tmp_path / "again", kind)
    assert [path.name for path in again] == [path.name for path in written[1][kind]]
    for path in again:
        assert path.read_bytes() == (written[0] / kind / path.name).read_bytes()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "dta"])
def test_everything_written_is_named_and_nothing_else_is_there(written, kind):
    paths = written[1][kind]
    assert sorted(paths) == sorted((written[0] / kind).iterdir())
    assert {path.stem for path in paths if path.suffix == f".{kind}"} == set(NAMES)
    assert {"sources.bib", "sources-gbt7714.txt"} <= {path.name for path in paths}


def test_citations_name_every_source(written):
    text = (written[0] / "csv" / "sources.bib").read_text("utf-8")
    assert re.findall(r"@misc\{(\w+),", text) == list(curated().words.sources)
    lines = (written[0] / "csv" / "sources-gbt7714.txt").read_text("utf-8").splitlines()
    assert lines == [source.cite["zh"] for source in curated().words.sources.values()]


def test_only_the_named_tables_are_written(tmp_path):
    names = [path.name for path in export(tmp_path, "csv", ("claims", "events"))]
    assert names == ["claims.csv", "events.csv", "sources.bib", "sources-gbt7714.txt"]


@pytest.fixture
def harmful(monkeypatch, request):
    """A table of sources whose titles a spreadsheet would run."""
    rows = [row | {"title_en": request.param} for row in TABLES["sources"](curated())]
    monkeypatch.setitem(TABLES, "sources", lambda data: rows)
    return request.param


RUN = ["=1+1", "+1+1", "@SUM(A1)", "-1+cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", '=HYPERLINK("http://example.org")']


@pytest.mark.parametrize("harmful", RUN, indirect=True)
def test_what_a_spreadsheet_would_run_is_disarmed_in_csv(harmful, tmp_path):
    export(tmp_path, "csv", ("sources",))
    found = pd.read_csv(tmp_path / "sources.csv", dtype=str, keep_default_na=False)["title_en"]
    # A line break inside a cell is set as a space, so that the file keeps one row a line.
    assert found.tolist() == ["'" + harmful.replace("\r", " ")] * len(found)


@pytest.mark.parametrize("harmful", [text for text in RUN if "\r" not in text], indirect=True)
def test_what_a_spreadsheet_would_run_is_disarmed_in_excel(harmful, tmp_path):
    export(tmp_path, "xlsx", ("sources",))
    sheet = load_workbook(tmp_path / "sources.xlsx")["sources"]
    column = next(cell.column for cell in sheet[1] if cell.value == "title_en")
    cells = [sheet.cell(row, column) for row in range(2, sheet.max_row + 1)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.value.removeprefix("'") for cell in cells} == {harmful}
    assert harmful[0] != "=" or {cell.value[0] for cell in cells} == {"'"}


def test_no_cell_of_the_curated_tables_is_a_formula(written):
    for name in NAMES:
        book = load_workbook(written[0] / "xlsx" / f"{name}.xlsx")
        assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(
    ("kind", "tables", "message"),
    [
        ("xls", (), "there is no format 'xls'; did you mean 'xlsx'? Allowed: csv, dta, xlsx"),
        ("CSV", (), "there is no format 'CSV'; Allowed: csv, dta, xlsx"),
        ("csv", ("figure",), "there is no table 'figure'; did you mean 'figures'? "
         "Allowed: claims, events, figures, indicators, mechanisms, sources"),
        ("csv", ("claims", "../x"), "there is no table '../x'; "
         "Allowed: claims, events, figures, indicators, mechanisms, sources"),
    ],
)  # fmt: skip
def test_an_unknown_format_or_table_names_the_nearest_and_nothing_is_written(tmp_path, kind, tables, message):
    with pytest.raises(UnknownIdError, match=f"^{re.escape(message)}$"):
        export(tmp_path / "out", kind, tables)
    assert not (tmp_path / "out").exists()
