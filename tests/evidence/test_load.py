"""Loading: curated cases, a reader's own, and what happens to files that are spoilt."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import county_metrics as cm
from county_metrics.errors import DataError, Problem, UnknownIdError
from county_metrics.evidence.case import Case
from county_metrics.evidence.load import case_folder, case_ids, load_case
from county_metrics.evidence.schema import FIGURES
from county_metrics.evidence.verify import check_data
from county_metrics.paths import data_root
from tests.evidence.edits import faults, place, read_rows, set_cells, write_rows

LAW = settings(deadline=None, derandomize=True, max_examples=60)
# Each example reads a whole data folder.
WHOLE = settings(LAW, max_examples=30)
CASE = "data/cases/jiashan/case.yaml"


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture
def case_file(data):
    return data / "cases" / "jiashan" / "case.yaml"


def test_the_curated_data_are_without_fault():
    assert cm.check_data() == []


def test_every_curated_case_loads():
    assert case_ids() == (
        "anji", "demonstration_zone", "jiashan", "linquan", "longgang", "national", "tonglu",
    )  # fmt: skip
    assert [load_case(name).id for name in case_ids()] == list(case_ids())


def test_a_figure_is_loaded_with_all_that_a_reader_must_know():
    figure = load_case("jiashan").figure("jiashan_investment_approval_before")
    assert (figure.printed, figure.value, figure.unit.id, figure.step) == ("230个工作日", Decimal(230), "working_day", 1)
    assert (figure.bounds.low, figure.bounds.high) == (Decimal("229.5"), Decimal("230.5"))
    assert (figure.statistic, figure.role, figure.slot) == ("unstated", "before", 1)
    assert (figure.period, figure.period_basis) == ("../2014-01-16", "inferred")
    assert (figure.source.id, figure.source.independent) == ("party_school_2017", False)
    assert (figure.indicator.nature, figure.indicator.day_type) == ("process", "working")
    assert figure.place.path.endswith("data/cases/jiashan/figures.csv")
    assert place(data_root() / "cases" / "jiashan" / "figures.csv", figure.id, "id") == f"{figure.place.line}:1"


def test_every_value_lies_in_its_bounds_and_every_quote_is_short():
    figures = [figure for name in case_ids() for figure in load_case(name).figures]
    assert len(figures) >= 199
    for figure in figures:
        assert figure.value in figure.bounds
        assert len(figure.quote) <= 24


def test_loading_a_case_needs_neither_pandas_nor_matplotlib():
    code = (
        "import sys, county_metrics as cm; cm.load_case('jiashan')\n"
        "heavy = {'pandas', 'matplotlib', 'numpy', 'seaborn', 'papermill', 'nbconvert'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_case_names_the_nearest_and_every_other():
    message = (
        "there is no case 'jiashn'; did you mean 'jiashan'? Allowed: anji, demonstration_zone, jiashan, "
        "linquan, longgang, national, tonglu; or the path of a folder that holds a case.yaml"
    )
    with pytest.raises(UnknownIdError, match=f"^{re.escape(message)}$"):
        load_case("jiashn")


@pytest.mark.parametrize("name", ["", ".", "..", "cases/none", "x\0y", "x" * 300])
def test_what_names_no_case_is_an_unknown_case(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownIdError, match="there is no case"):
        load_case(name)


@pytest.fixture
def own_case(data, monkeypatch):
    """A case of a reader's own: its own indicator and unit, the curated rest."""
    project = data.parent
    (project / "notebooks").mkdir()
    (project / "params").mkdir()
    folder = project / "my_county"
    (folder / "vocab").mkdir(parents=True)
    text = (data / "cases" / "jiashan" / "case.yaml").read_text("utf-8")
    (folder / "case.yaml").write_text(text.replace("id: jiashan", "id: my_county", 1), "utf-8")
    for table, rename in (("units", "working_day"), ("indicators", "investment_approval_time")):
        rows = read_rows(data / "vocab" / f"{table}.csv")
        own = [[cell.replace(rename, f"my_{rename}") for cell in row] for row in rows if row[0] in ("id", rename)]
        if table == "indicators":
            own = [[cell.replace("working_day", "my_working_day") for cell in row] for row in own]
        write_rows(folder / "vocab" / f"{table}.csv", own)
    rows = read_rows(data / "cases" / "jiashan" / "figures.csv")
    rows = [rows[0], *(row for row in rows if row[0].startswith("jiashan_investment_approval_"))]
    for row in rows[1:]:
        row[0] = row[0].replace("jiashan", "my_county")
        row[1], row[rows[0].index("unit")] = "my_investment_approval_time", "my_working_day"
    write_rows(folder / "figures.csv", rows)
    return folder


def test_a_folder_of_a_readers_own_loads_with_its_own_vocabulary(own_case):
    case = load_case(own_case)
    pair = case.pair("investment_approval_time")
    assert (case.id, pair.case, pair.indicator.id) == ("my_county", "my_county", "my_investment_approval_time")
    assert pair.before.unit.id == "my_working_day"
    assert check_data(own_case) == []


def test_a_relative_folder_is_taken_from_the_project_root(own_case, monkeypatch):
    monkeypatch.chdir(own_case.parent / "notebooks")
    assert case_folder("my_county").samefile(own_case)
    assert load_case("my_county").id == "my_county"


def test_a_fault_in_a_readers_own_folder_is_raised_with_its_place(own_case):
    set_cells(own_case / "figures.csv", "my_county_investment_approval_after", value="９０")
    message = "value: '９０' holds full-width or look-alike characters; write '90'"
    with pytest.raises(DataError, match=rf"^my_county/figures\.csv:3:\d+: {re.escape(message)}$") as caught:
        load_case(own_case)
    assert [problem.line for problem in caught.value.problems] == [3]


def test_an_error_lists_every_problem_once_one_a_line(own_case):
    for end in ("before", "after"):
        set_cells(own_case / "figures.csv", f"my_county_investment_approval_{end}", statistic="x", accrual="y")
    with pytest.raises(DataError) as caught:
        load_case(own_case)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(set(lines)) == len(caught.value.problems) == 4


def test_a_case_without_figures_is_legal(data):
    (data / "cases" / "longgang" / "figures.csv").unlink()
    edit(data / "cases" / "longgang" / "case.yaml", "status: figures", "status: qualitative")
    assert faults(data) == []


def test_a_qualitative_case_has_no_figures(data, case_file):
    edit(case_file, "status: figures", "status: qualitative")
    message = "status: 'qualitative' although the case has figures; say 'figures'"
    assert faults(data) == [f"{CASE}:11:9: {message}"]


SOURCES = "Allowed: journal_2025, longgang_2024, party_school_2017, urban_rural_2024"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('level_zh: "县"', "level_zh: 县\nlevel_en: again", "6:1: level_en: this key stands twice, first in line 4"),
        ('level_en: "county"', "level_en: &c county\nlevel_fr: *c",
         "4:11: anchors and aliases are not read; write the value out"),
        ('level_en: "county"', "level_eng: county", "4:1: level_eng: not a key here; did you mean 'level_en'? "
         "Allowed: code, code_from, code_to, concurrent_events, id, level_en, level_zh, name_en, name_zh, "
         "panel, parent_en, parent_zh, records, reforms, selection_en, selection_zh, series, status"),
        ('level_en: "county"\n', "", "1:1: misses level_en"),
        ('level_en: "county"', "level_en: ''", "4:11: level_en: empty"),
        ('level_en: "county"', "level_en: [county]", "4:11: level_en: must be plain text"),
        ("status: figures", "status: figure",
         "11:9: status: 'figure' is not allowed; did you mean 'figures'? Allowed: figures, qualitative"),
        ('start: "2013"', "start: '２０１３'",
         "18:12: start: '２０１３' is not a date or interval; write '2013'"),
        ('start: "2013"', "start: 2013-1",
         "18:12: start: '2013-1' is not a date or interval; write 2016, 2014-10, 2014-01-17 or 2013/2016"),
        ("source: party_school_2017", "source: party_school",
         f"22:13: source: 'party_school' is not allowed; did you mean 'party_school_2017'? {SOURCES}"),
        ("concurrent_events:\n", "concurrent_events: none\nreforms2:\n",
         "114:20: concurrent_events: must be a list (write [] when it is empty)"),
        ("mechanisms: []", "mechanisms: none", "21:17: mechanisms: must be a list (write [] when it is empty)"),
        ("  - id: demonstration_county", "  - text\n  - id: demonstration_county",
         "15:5: must be a mapping with the keys id, label_en, label_zh, start, end, date_basis, mechanisms, source, "
         "quote"),
    ],
)  # fmt: skip
def test_a_fault_of_a_case_is_reported_at_its_line_and_column(data, case_file, old, new, message):
    edit(case_file, old, new)
    assert f"{CASE}:{message}" in faults(data)


@pytest.mark.parametrize("name", ["case.yaml", "figures.csv"])
def test_a_file_that_is_not_utf8_is_reported(data, name):
    path = data / "cases" / "jiashan" / name
    text = path.read_text("utf-8")
    path.write_bytes(text.encode("gb18030"))
    with pytest.raises(UnicodeDecodeError) as caught:
        path.read_bytes().decode("utf-8")
    first = caught.value.start + 1
    message = f"data/cases/jiashan/{name}: not UTF-8 (byte {first}); save the file as UTF-8"
    assert faults(data) == [message]


def test_an_empty_case_file_is_reported(data, case_file):
    case_file.write_text("", "utf-8")
    assert faults(data) == [f"{CASE}:1:1: empty; it must hold 'key: value' lines"]


def test_an_empty_table_is_reported_with_the_columns_it_needs(data):
    (data / "cases" / "jiashan" / "figures.csv").write_text("", "utf-8")
    columns = ", ".join(column.name for column in FIGURES)
    assert faults(data) == [f"data/cases/jiashan/figures.csv:1:1: empty; the first row must name the columns {columns}"]


def test_the_id_of_a_case_is_the_name_of_its_folder(data, case_file):
    edit(case_file, "id: jiashan", "id: jiaxing")
    assert faults(data) == [f"{CASE}: id: 'jiaxing' differs from the folder's name 'jiashan'"]


def test_a_folder_without_a_case_file_names_the_nearest(data, case_file):
    case_file.rename(case_file.with_name("case.yml"))
    message = "has no case.yaml; did you mean 'case.yml'? Allowed: case.yml, figures.csv"
    assert faults(data) == [f"data/cases/jiashan: {message}"]


def test_a_folder_that_is_neither_case_nor_data_is_said_to_be_neither(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    message = "empty: holds neither a case.yaml nor a folder 'cases'; name a case folder or a data folder"
    assert faults(tmp_path / "empty") == [message]


@pytest.mark.parametrize(
    ("table", "name", "cells", "message"),
    [
        ("units", "item", {"id": "percent"},
         "vocab/units.csv:5:1: id: 'percent' stands twice, first in data/vocab/units.csv:3; "),
        ("indicators", "grassroots_units", {"unit": "vilage"}, "unit: 'vilage' is not a unit; did you mean"),
        ("indicators", "grassroots_units", {"comparable_to": "none_such"},
         "comparable_to: 'none_such' is not an indicator; Allowed: "),
        ("indicators", "grassroots_units", {"nature": "rule"}, "nature: 'rule' is not allowed; did you mean"),
        ("quantifiers", "exact", {"soft_low": "a half"}, "soft_low: 'a half' is not a plain decimal number"),
    ],
)  # fmt: skip
def test_faults_of_the_vocabularies_are_reported(data, table, name, cells, message):
    set_cells(data / "vocab" / f"{table}.csv", name, **cells)
    assert any(message in fault for fault in faults(data))


def test_an_id_that_stands_twice_among_the_sources_is_reported(data):
    edit(data / "sources.yaml", "- id: longgang_2024", "- id: party_school_2017")
    assert any(re.fullmatch(r"data/sources\.yaml:\d+:9: id: 'party_school_2017' stands twice", f) for f in faults(data))


def test_two_sources_without_an_id_are_reported(data):
    (data / "sources.yaml").write_text("sources:\n  - {}\n  - {}\n", "utf-8")
    found = [fault for fault in faults(data) if fault.startswith("data/sources.yaml")]
    assert [fault.split(": misses")[0] for fault in found if "misses id" in fault] == [
        "data/sources.yaml:2:5",
        "data/sources.yaml:3:5",
    ]


def test_a_vocabulary_without_the_word_exact_is_no_crash(data):
    path = data / "vocab" / "quantifiers.csv"
    write_rows(path, [row for row in read_rows(path) if row[0] != "exact"])
    set_cells(data / "cases" / "jiashan" / "figures.csv", "jiashan_investment_approval_before", quantifier="near")
    assert any("'exact' is not a quantifier" in fault for fault in faults(data))


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    """A data folder and the pristine bytes of each of its files."""
    import shutil

    folder = shutil.copytree(data_root(), tmp_path_factory.mktemp("spoilt") / "data")
    return folder, {path: path.read_bytes() for path in folder.rglob("*") if path.suffix in (".csv", ".yaml")}


def checked(folder):
    """What checking gives; it must agree with what loading does."""
    problems = check_data(folder)
    assert all(isinstance(problem, Problem) and problem.message for problem in problems)
    return problems


TRICKY = ["", " ", "0", "-1", "1", "２", "１.５", "NaN", "1e400", "range", "near", "before", "after", "level", "=", "a=1;"]
TRICKY += ["a=1", "../..", "2014/..", "百", "翻番", "零", "半", "1:1", "\n", '"', "a,b", "9" * 60, "none", "percent", "x\ny"]
texts = st.one_of(st.sampled_from(TRICKY), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
names = st.sampled_from([column.name for column in FIGURES])
# Both pairs of the case, whose rows depend on one another.
SPOILT = [f"jiashan_{name}_{end}" for name in ("investment_approval", "power_items") for end in ("before", "after")]


@WHOLE
@given(st.lists(st.tuples(st.sampled_from(SPOILT), names, texts), min_size=1, max_size=3))
def test_any_change_of_any_cells_gives_a_case_or_a_data_error(spoilt, changes):
    folder, pristine = spoilt
    path = folder / "cases" / "jiashan" / "figures.csv"
    path.write_bytes(pristine[path])
    rows = read_rows(path)
    lines = {row[0]: line for line, row in enumerate(rows)}
    for row, name, value in changes:
        rows[lines[row]][rows[0].index(name)] = value
    write_rows(path, rows)
    try:
        case = load_case(path.parent)
    except DataError:
        assert checked(folder)
    else:
        assert isinstance(case, Case)
        assert all(figure.value in figure.bounds for figure in case.figures)
        assert {pair.before.role + pair.after.role for pair in case.pairs} <= {"beforeafter"}
    finally:
        path.write_bytes(pristine[path])


FILES = ["cases/jiashan/figures.csv", "cases/jiashan/case.yaml", "sources.yaml", "vocab/units.csv"]
FILES += ["vocab/quantifiers.csv", "vocab/indicators.csv"]
yaml_like = st.text(alphabet="ab:- \n[]{}&*?!|>'\"%#@,id", max_size=40).map(str.encode)


@WHOLE
@given(st.sampled_from(FILES), st.one_of(st.binary(max_size=80), yaml_like))
def test_any_bytes_in_any_file_give_problems_and_no_other_error(spoilt, name, content):
    folder, pristine = spoilt
    path = folder / Path(name)
    path.write_bytes(content)
    try:
        assert checked(folder)
    finally:
        path.write_bytes(pristine[path])


@WHOLE
@given(st.sampled_from(FILES), st.integers(0, 40_000), st.integers(0, 30), st.binary(max_size=6))
def test_any_splice_into_any_file_gives_problems_or_none_and_no_other_error(spoilt, name, start, length, inserted):
    folder, pristine = spoilt
    path = folder / Path(name)
    text = pristine[path]
    start %= len(text)
    path.write_bytes(text[:start] + inserted + text[start + length :])
    try:
        checked(folder)
    finally:
        path.write_bytes(pristine[path])
