"""Tables of a reader's own case: what is read, what is refused and in which words."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.errors import DataError, UnknownIdError
from county_metrics.evidence.load import load_case
from county_metrics.evidence.verify import check_data
from tests.evidence.conftest import HEAD

LAW = settings(deadline=None, derandomize=True, max_examples=40)
RECORDS = "records:\n  origin: register\n  extracted_on: 2015-01-31\n  deidentified: true\n  selected_on: all\n"
SERIES = "series:\n  origin: yearbook\n"
PANEL = "panel:\n  origin: yearbook\n"
PERMITS = "record_id,received_on,accepted_on,closed_on\n"
MONTHS = "place,period,indicator,value,unit\n"
COUNTIES = "county_code,period,indicator,value,unit,treatment_start\n"


def faults(folder):
    return [str(problem) for problem in check_data(folder)]


def test_records_come_typed_with_what_a_reader_must_know(case):
    text = "\ufeff" + PERMITS + "330421201401170011,2014-01-17,2014-01-18,2014-02-01\n7,2014-01-20,,\n"
    frame = load_case(case(RECORDS, text, "  intervention: 2014-01-17\n  simulated: true\n")).records()
    assert list(frame["record_id"]) == ["330421201401170011", "7"]
    assert frame["closed_on"].tolist()[0] == datetime.datetime(2014, 2, 1)
    assert frame["closed_on"].isna().tolist() == [False, True]
    known = {"design": "records", "simulated": True, "selected_on": "all", "intervention": "2014-01-17", "case": "mine"}
    assert {name: frame.attrs[name] for name in known} == known
    assert (frame.attrs["origin"], frame.attrs["extracted_on"]) == ("register", "2015-01-31")


@pytest.mark.parametrize(
    ("form", "cell"),
    [("YYYY/M/D", "2014/1/7"), ("YYYY年M月D日", "2014年1月7日"), ("YYYYMMDD", "20140107"), ("excel", "41646"),
     ("YYYY.M.D", "2014.1.7")],
)  # fmt: skip
def test_dates_are_read_in_the_declared_form_and_no_other(case, form, cell):
    text = f"{PERMITS}a,{cell},,\n"
    frame = load_case(case(RECORDS, text, f"  date_format: {form}\n")).records()
    assert frame["received_on"].tolist() == [datetime.datetime(2014, 1, 7)]
    advice = f"write it so, or say date_format: {form} in case.yaml if all are written like this one"
    message = f"received_on: '{cell}' is not a date in the form YYYY-MM-DD; {advice}"
    assert faults(case(RECORDS, text)) == [f"mine/records.csv:2:3: {message}"]


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "gb2312"])
def test_a_file_of_another_encoding_with_chinese_headers_marks_and_separators_is_read_by_declaration(case, encoding):
    more = f"  encoding: {encoding}\n  header_rows: 2\n  unit: 件\n  thousands: true\n  missing: ['-', '…']\n"
    more += "  columns: {地区: place, 年份: period, 指标: indicator, 数值: value}\n  extra: {投资额: number}\n"
    text = '地区,年份,指标,数值,投资额\n,,,件,万元\n嘉善,2013,办件,"1,234",-\n嘉善,2014,办件,…,2.5\n'
    frame = load_case(case(SERIES, text, more, "gb18030")).series()
    assert list(frame.columns) == ["place", "period", "indicator", "value", "投资额"]
    assert frame["value"].tolist()[0] == 1234.0
    assert frame[["value", "投资额"]].isna().to_numpy().tolist() == [[False, True], [True, False]]
    assert (frame.attrs["unit"], frame.attrs["design"]) == ("件", "series")


def test_a_wide_table_gives_one_of_its_columns_with_its_unit(case):
    more = "  header_rows: 2\n  extra: {gdp: number, people: number}\n  code_year: 2020\n"
    frame = load_case(case(PANEL, "county_code,period,gdp,people\n,,万元,万人\n330421,2013,5,6\n", more)).panel("people")
    assert (frame["value"].tolist(), frame.attrs["unit"], frame.attrs["design"]) == ([6.0], "万人", "panel")


def test_one_place_is_a_series_and_several_are_a_controlled_one(case):
    rows = "a,2014-01,n,1,件\na,2014-02,n,2,件\nb,2014-01,n,3,件\n"
    own = load_case(case(SERIES, MONTHS + rows, "  intervention: 2014-02\n"))
    assert own.series().attrs["design"] == "controlled_series"
    alone = own.series("n", "a")
    assert (alone.attrs["design"], str(alone["period"].dtype), alone["value"].tolist()) == ("series", "period[M]", [1.0, 2.0])
    with pytest.raises(UnknownIdError, match="there is no place in the series of case 'mine': 'c'; Allowed: a, b"):
        own.series(place="c")
    with pytest.raises(UnknownIdError, match=r"declare 'panel:' in its case\.yaml"):
        own.panel()


def test_treatment_starts_are_missing_where_a_county_is_never_treated(case):
    text = COUNTIES + "1,2013,n,1,件,2014\n1,2014,n,2,件,2014\n2,2013,n,1,件,0\n2,2014,n,2,件,0\n"
    frame = load_case(case(PANEL, text, "  never: ['0']\n")).panel()
    assert frame["treatment_start"].isna().tolist() == [False, False, True, True]
    assert frame["period"].tolist() == [2013, 2014, 2013, 2014]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1.23E+17,2014-01-01,,", "2:1: record_id: '1.23E+17' is an id that a spreadsheet has turned into a number; "),
        ("123.0,2014-01-01,,", "2:1: record_id: '123.0' is an id that was saved as a number; write '123'"),
        (",2014-01-01,,", "2:1: record_id: empty; every row needs it"),
        ("a,２０１４-01-01,,", "2:3: received_on: '２０１４-01-01' holds full-width or look-alike characters; write '2014-01-01'"),
        ("a,2014-02-30,,", "2:3: received_on: '2014-02-30' is not a date in the form YYYY-MM-DD; correct it"),
        ("a,2014-01-05,,2014-01-04", "2:15: closed_on: 2014-01-04 is before received_on 2014-01-05; check which is right"),
        ("a,2016-01-05,,", "2:3: received_on: 2016-01-05 is after extracted_on 2015-01-31"),
        ("a,2014-01-05, ,", "2:14: accepted_on: ' ' begins or ends with a space; remove it"),
        ("a,2014-01-05,,,", "2:16: row: 5 fields where the header has 4: a stray comma?"),
        ("a,2014-01-05", "2:1: row: 2 fields where the header has 4: a comma is missing"),
        ("a,2014-01-05,,\na,2014-01-06,,", "3:1: record_id: 'a' has the same record_id as line 2; "),
    ],
)  # fmt: skip
def test_a_fault_of_a_record_is_told_with_line_and_column(case, row, message):
    assert any(f"mine/records.csv:{message}" in fault for fault in faults(case(RECORDS, PERMITS + row + "\n")))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,2014,n,２３０,件", "2:10: value: '２３０' holds full-width or look-alike characters; write '230'"),
        ('a,2014,n,"1,234",件', "2:10: value: '1,234' has separators; write 1234, or say thousands: true in case.yaml"),
        ("a,2014,n,230个工作日,件", "2:10: value: '230个工作日' holds more than a number; write 230 and give the unit apart"),
        ("a,2014,n,…,件", "2:10: value: '…' is not a number such as 230 or 1.69; if it marks a missing value, list it"),
        ("a,2014,n,1e999,件", "2:10: value: '1e999' is too large for a number"),
        ("a,2014,n,1,万元\na,2015,n,2,元", "3:12: unit: '元' but '万元' in line 2 for the same indicator; convert them"),
        ("a,2014,n,1,件\na,2014,n,2,件", "3:1: place: 'a' has the same place and indicator and period as line 2"),
        ("a,2014,n,1,件\na,2015-01,n,2,件", "3:3: period: '2015-01' is not a period in the form YYYY; write it so, or say"),
        ("a,2014年,n,1,件", "2:3: period: '2014年' is not a period in the form YYYY-MM; write it so, or say date_format: YYYY年"),
    ],
)  # fmt: skip
def test_a_fault_of_a_series_is_told_with_line_and_column(case, row, message):
    assert any(f"mine/series.csv:{message}" in fault for fault in faults(case(SERIES, MONTHS + row + "\n")))


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ("1,2013,n,1,件,2014\n1,2014,n,2,件,2015\n", "", "'2015' but '2014' in line 2 for the same county_code; treatment starts once"),
        ("330383,2018,n,1,件,\n", "", "330383 exists since 2019 (Longgang, until 2019 part of Cangnan); declare the year"),
        ("330383,2020,n,1,件,\n", "  code_year: 2018\n", "330383 exists since 2019"),
        ("330327,2018,n,1,件,\n330327,2019,n,1,件,\n", "", "330327 lost the area of 330383 in 2019"),
        ("1,2013,n,1,件,\n", "  unit: 件\n", "unit: stands in the rows; leave it out here"),
        ("1,2013,n,1,件,\n", "  intervention: 2014-02\n", "intervention: '2014-02' is not a period like those of the table"),
    ],
)  # fmt: skip
def test_a_fault_of_a_panel_is_told(case, rows, more, message):
    assert any(message in fault for fault in faults(case(PANEL, COUNTIES + rows, more)))


def test_a_change_of_codes_that_is_declared_is_accepted(case):
    rows = COUNTIES + "330383,2018,n,1,件,\n330327,2018,n,1,件,\n330327,2019,n,1,件,\n"
    assert faults(case(PANEL, rows, "  code_year: 2020\n")) == []


def test_ids_that_a_spreadsheet_has_cut_are_reported(case):
    rows = "".join(f"33042120140117{n}000,2014-01-17,,\n" for n in range(3))
    assert sum("a spreadsheet has cut it" in fault for fault in faults(case(RECORDS, PERMITS + rows))) == 3


def test_closed_records_only_cannot_hold_an_open_one(case):
    folder = case(RECORDS.replace("all", "closed"), PERMITS + "a,2014-01-05,,\n")
    assert "empty although selected_on is 'closed'" in faults(folder)[0]


def test_many_rows_with_faults_are_counted_and_the_first_listed(case):
    found = faults(case(SERIES, MONTHS + "".join(f"a,{1950 + n},n,x,件\n" for n in range(50))))
    assert len(found) == 21
    assert "value: from here on 30 more rows are at fault like those above" in found[-1]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (RECORDS + "  orgin: x\n", "case.yaml:9:3: orgin: not a key here; did you mean 'origin'?"),
        (RECORDS.replace("  origin: register\n", ""), "misses origin"),
        (RECORDS.replace("all", "any"), "selected_on: 'any' is not allowed; "),
        (RECORDS + "  encoding: big5\n", "encoding: 'big5' is not allowed; "),
        (RECORDS + "  columns: {编号: record}\n", "columns: 'record' is not allowed; did you mean 'record_id'?"),
        (RECORDS + "  file: ../x.csv\n", "file: '../x.csv' must be the name of a .csv file beside case.yaml"),
        (RECORDS + "  file: permits.csv\n", "file: there is no file 'permits.csv' in mine; Allowed: records.csv"),
        (RECORDS + "  date_format: D.M.YYYY\n", "date_format: 'D.M.YYYY' is not allowed; "),
        (RECORDS + "  extra: {stage: text}\n", "extra: 'stage' is a column of every records table"),
        ("records: yes\n", "must be a mapping with the keys file, encoding"),
    ],
)  # fmt: skip
def test_a_fault_of_the_declaration_is_told(case, block, message):
    assert any(message in fault for fault in faults(case(block, PERMITS + "a,2014-01-05,,\n")))


def test_a_table_that_nothing_declares_is_reported(case):
    folder = case(RECORDS, PERMITS + "a,2014-01-05,,\n")
    (folder / "panel.csv").write_text("x\n", "utf-8")
    assert "panel.csv lies in the folder but is not declared; add 'panel:'" in faults(folder)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\xff\xfe", "records.csv: not UTF-8 (byte 1); save the file as UTF-8, or say encoding: gb18030 in case.yaml"),
        ("", "records.csv:1:1: empty; the first row must name the columns, among them record_id"),
        (PERMITS, "records.csv: holds no rows below its header"),
        ("record_id;received_on\n", "header: the columns are separated by ';'; save the file with commas"),
        ("record_id,recieved_on\n", "recieved_on: not a column here; rename it by 'columns:' or keep it by 'extra:'"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_table_is_told(case, text, message):
    assert any(message in fault for fault in faults(case(RECORDS, text)))


@LAW
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: (PERMITS + text).encode("utf-8", "replace"))))
def test_any_bytes_give_a_frame_or_a_data_error(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "case.yaml").write_text(HEAD + RECORDS, "utf-8")
    (folder / "records.csv").write_bytes(content)
    problems = check_data(folder)
    if problems:
        with pytest.raises(DataError) as caught:
            load_case(folder).records()
        assert caught.value.problems == tuple(problems)
    else:
        assert len(load_case(folder).records())


CELLS = st.sampled_from(
    ["", "-", "a", "2014", "2014-02", "１", "1e5", "nan", "0", "\u3000", "1,0", '"', "41656", "2014Q9", "0000"]
)


@LAW
@given(st.lists(st.lists(CELLS, min_size=6, max_size=6), min_size=1, max_size=4))
def test_any_cells_of_a_panel_give_a_frame_or_a_data_error(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    (folder / "case.yaml").write_text(HEAD + PANEL, "utf-8")
    (folder / "panel.csv").write_text(COUNTIES + "".join(",".join(row) + "\n" for row in rows), "utf-8")
    if problems := check_data(folder):
        assert all(problem.message for problem in problems)
    else:
        assert len(load_case(folder).panel()) == len(rows)


@LAW
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_are_read_exactly(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("any")
    (folder / "case.yaml").write_text(HEAD + SERIES, "utf-8")
    (folder / "series.csv").write_text(MONTHS + "".join(f"a,{1950 + n},n,{v!r},件\n" for n, v in enumerate(values)), "utf-8")
    assert load_case(folder).series()["value"].tolist() == values
