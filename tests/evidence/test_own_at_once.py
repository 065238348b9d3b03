"""Wrong cells of a reader's own table and what its other rows break are reported in one run, and nothing that only follows."""

import pytest

from county_metrics.analysis.breaks import structural_break
from county_metrics.analysis.effect import AnalysisError
from county_metrics.errors import DataError
from county_metrics.evidence.load import load_case
from tests.evidence.test_own import COUNTIES, MONTHS, PANEL, PERMITS, RECORDS, SERIES, faults


def places(folder):
    """Line, column and field of each fault."""
    return [":".join(fault.split(":")[1:4]).replace(" ", "") for fault in faults(folder)]


def months(*cells, place="a"):
    """Rows of one place and indicator, one a period."""
    return "".join(f"{place},{cell},n,1,件\n" for cell in cells)


def test_a_series_with_faults_of_every_kind_tells_them_all_at_once(case):
    rows = [
        "a,2014-01,n,1,件",
        "a,2014-2,n,2,件",  # the row of 2014-02: no gap
        "a,2014-03,n,x,件",  # a bad value: no gap either
        "a,2014-04,n,4,万元",
        "a,2014-04,n,5,件",
        "a,2014-06,n,6,件",
        "a,2014-07,n,7",  # too short, the row of 2014-07: no gap
        "a,2014-08,n,8,件 ",  # a bad unit is no second unit
        ",2014-09,n,9,件",  # no place, the row of 2014-09: no gap
        "a,2014-10,n,10,件",
    ]
    folder = case(SERIES, MONTHS + "\n".join(rows) + "\n", "  intervention: 2014-05-01\n")
    assert faults(folder) == [
        "mine/case.yaml:5:3: intervention: '2014-05-01' is not a period like those of the table (2014-01, …); write it like them",
        "mine/series.csv:3:3: period: '2014-2' is not a period in the form YYYY-MM; correct it: every row needs one",
        "mine/series.csv:4:13: value: 'x' is not a number such as 230 or 1.69; if it marks a missing value, list it under missing"
        " in case.yaml",
        "mine/series.csv:5:15: unit: '万元' but '件' in line 2 for the same indicator; convert them to one unit, or name two"
        " indicators",
        "mine/series.csv:6:1: place: 'a' has the same place and indicator and period as line 5; keep one of the two, or correct"
        " the cell that is wrong",
        "mine/series.csv:7:3: period: '2014-06' follows '2014-04' in line 5, with no row for 2014-05 of a, n; add the missing rows,"
        " with the value left empty where it is not known, or correct the period",
        "mine/series.csv:8:1: row: 4 fields where the header has 5: a comma is missing",
        "mine/series.csv:9:15: unit: '件 ' begins or ends with a space; remove it",
        "mine/series.csv:10:1: place: empty; every row needs it: fill it in, or take the row out",
    ]
    with pytest.raises(DataError) as caught:
        load_case(folder).series()
    assert [str(problem) for problem in caught.value.problems] == [fault for fault in faults(folder) if "follows" not in fault]


def test_a_series_with_a_gap_can_be_loaded_and_looked_at_but_not_analysed(case):
    folder = case(SERIES, MONTHS + months("2014-01", "2014-02", "2014-04"))
    assert places(folder) == ["4:3:period"]
    series = load_case(folder).series()
    assert series["period"].astype(str).tolist() == ["2014-01", "2014-02", "2014-04"]
    with pytest.raises(AnalysisError, match="2014-03"):
        structural_break(series, outcome="value", time="period")


def test_a_panel_tells_cells_and_rows_at_once_and_may_be_unbalanced(case):
    rows = [
        "1,2013,n,1,件,2014",
        "1,2014,n,x,件,2014",
        "1,2016,n,1,件,2015",
        "2,2013,n,1,件,soon",  # no period is no second start
        "2,2014,n,1,件,",
        "2,2014,n,1,件,",
        "1.0,2013,n,1,元,2013",  # a row with a wrong id is compared with no other
        "330383,2018,n,1,件,",
        "330383,2O18,n,1,件,",
    ]
    folder = case(PANEL, COUNTIES + "\n".join(rows) + "\n")
    assert places(folder) == [
        "3:10:value", "4:14:treatment_start", "5:14:treatment_start", "7:1:county_code", "8:1:county_code", "9:1:county_code",
        "10:8:period",
    ]  # fmt: skip


def test_a_start_that_became_a_decimal_number_is_written_whole(case):
    (fault,) = faults(case(PANEL, COUNTIES + "1,2013,n,1,件,2014.0\n1,2014,n,2,件,2014\n"))
    assert "write 2014, which a program made a decimal number beside empty cells" in fault
    assert "never" not in fault


def test_records_tell_cells_and_rows_at_once_and_each_date_once(case):
    rows = [
        "a,2014-01-05,,2014-01-04",
        "a,2014-01-06,,2014/1/7",
        "b,2016-01-05,2014-01-06,2014-01-07",  # after the extract: not also after the later dates
        "c,2014-09-05,2014-01-06,2014-01-07",
        "d,2014-01-05,2014-01-04,2014-01-03",
        "1e9,2014-01-05,,",
        "1e9,2014-01-05,,",  # a wrong id stands twice: not a duplicate
    ]
    folder = case(RECORDS, PERMITS + "\n".join(rows) + "\n")
    assert places(folder) == [
        "2:15:closed_on", "3:1:record_id", "3:15:closed_on", "4:3:received_on", "5:3:received_on", "6:14:accepted_on",
        "6:25:closed_on", "7:1:record_id", "8:1:record_id",
    ]  # fmt: skip
    found = faults(folder)
    assert "is after extracted_on 2015-01-31; correct the date, or extracted_on in case.yaml" in found[3]
    assert "2014-09-05 is after accepted_on 2014-01-06 and closed_on 2014-01-07; check which are right" in found[4]


def test_a_closed_record_with_a_bad_date_is_not_also_an_open_one(case):
    rows = "a,2014-01-05,,soon\nb,2014-01-05,,\n"
    assert places(case(RECORDS.replace("all", "closed"), PERMITS + rows)) == ["2:15:closed_on", "3:15:closed_on"]


@pytest.mark.parametrize(
    ("cells", "absent"),
    [
        (("2014-01", "2014-02", "2014-04"), "2014-03"),
        (("2014-01", "2014-02", "2014-05", "2014-06"), "2014-03 to 2014-04 (2 periods)"),
        (("2014-06", "2014-05", "2014-01"), "2014-02 to 2014-04 (3 periods)"),
        (("2014Q3", "2014Q4", "2015Q2"), "2015Q1"),
        (("2010", "2012", "2016"), "2014"),
        (("2014-01-31", "2014-02-28", "2014-04-30"), "2014-03"),
        (("2014-01-01", "2014-01-08", "2014-01-22"), "the week of 2014-01-13"),
        (("2014-01-01", "2014-01-02", "2014-01-04", "2014-01-05"), "2014-01-03"),
    ],
)
def test_a_gap_names_what_is_missing(case, cells, absent):
    (fault,) = faults(case(SERIES, MONTHS + months(*cells)))
    assert f"with no row for {absent} of a, n; add the missing rows" in fault


@pytest.mark.parametrize(
    ("form", "cells", "absent"),
    [
        ("YYYY年M月", ("2013年11月", "2013年12月", "2014年2月"), "2014年1月"),
        ("YYYYMM", ("201311", "201312", "201402"), "201401"),
        ("whole", ("201311", "201312", "201402"), "201401"),
        ("whole", ("1", "2", "4"), "3"),
        ("YYYY年第n季度", ("2013年第3季度", "2013年第4季度", "2014年第2季度"), "2014年第1季度"),
        ("YYYY年", ("2010年", "2011年", "2013年"), "2012年"),
        ("YYYY/M/D", ("2014/1/1", "2014/1/2", "2014/1/4", "2014/1/5"), "2014/1/3"),
        ("excel", ("41640", "41641", "41643", "41644"), "2014-01-03"),
    ],
)
def test_a_gap_is_named_in_the_form_of_the_table(case, form, cells, absent):
    (fault,) = faults(case(SERIES, MONTHS + months(*cells), f"  date_format: {form}\n"))
    assert f"with no row for {absent} of a, n" in fault


@pytest.mark.parametrize(
    "rows",
    [
        months("2014-12", "2015-01", "2015-02"),
        months("2013", "2015", "2017"),
        months("2014-02-28", "2014-03-31", "2014-04-30"),
        months("2014-03", "2014-01", "2014-02"),
        months("2014-01", "2014-02") + months("2014-04", "2014-05", place="b"),
    ],
)
def test_a_regular_series_has_no_gap(case, rows):
    assert faults(case(SERIES, MONTHS + rows)) == []


def test_a_row_with_a_bad_period_stands_for_one_period_where_it_stands(case):
    found = faults(case(SERIES, MONTHS + months("2014-01", "2014-02", "soon", "2014-06", "2014-08", "2014-09")))
    assert [fault.split(":")[1] for fault in found] == ["4", "5", "6"]
    assert "no row for 2 or more of the 3 periods 2014-03 to 2014-05, even if the faulty rows are of these" in found[1]
    assert "no row for 2014-07 of a, n" in found[2]


def test_where_rows_are_in_no_order_a_bad_period_may_stand_for_any(case):
    assert places(case(SERIES, MONTHS + months("2014-04", "2014-01", "2014-02", "soon"))) == ["5:3:period"]


def test_a_bad_row_of_another_place_hides_no_gap(case):
    rows = months("2014-01", "2014-02") + months("soon", place="b") + months("2014-04")
    assert places(case(SERIES, MONTHS + rows)) == ["4:3:period", "5:3:period"]


def test_one_period_of_another_form_is_told_and_not_all_the_others(case):
    assert places(case(SERIES, MONTHS + months("2014", "2014-02", "2014-03", "2014-04"))) == ["2:3:period"]


def test_one_row_of_another_unit_is_told_and_not_all_the_others(case):
    rows = months("2014-01").replace("件", "万件") + months("2014-02", "2014-03") + "a,2014-04,n,1,\n"
    found = faults(case(SERIES, MONTHS + rows))
    assert [fault.partition("unit: ")[2] for fault in found] == [
        "'万件' but '件' in line 3 for the same indicator; convert them to one unit, or name two indicators",
        "empty but '件' in line 3 for the same indicator; write the unit in every row",
    ]


@pytest.mark.parametrize(
    ("more", "row"),
    [
        ("  encoding: foo\n", "a,2014-02-01,,"),
        ("  date_format: YYYY\n", "a,1.2.2014,,"),
        ("  extra: {accepted: words}\n  columns: {accepted_on: accepted}\n", "a,2014-02-01,x,"),
        ("  columns: {accepted_on: accepted}\n", "a,2014-02-01,,"),
    ],
)
def test_a_fault_of_the_declaration_is_told_there_alone(case, more, row):
    assert [fault.split(":")[0] for fault in faults(case(RECORDS, f"{PERMITS}{row}\n", more))] == ["mine/case.yaml"]


def test_rows_with_a_field_too_many_are_counted_where_they_begin(case):
    found = faults(case(SERIES, MONTHS + "".join(f"a,{1950 + n},n,1,件,\n" for n in range(30))))
    assert len(found) == 21
    assert found[-1].startswith("mine/series.csv:22:1: row: from here on 10 more rows have too many or too few fields; correct")


def test_an_open_quote_hides_the_rows_below_it_and_makes_no_gap_of_them(case):
    rows = months("2014-01", "2014-04", "2014-02") + 'a,2014-03,"n,1,件\n' + months("2014-05")
    (fault,) = faults(case(SERIES, MONTHS + rows))
    assert fault.startswith("mine/series.csv:5:1: not a CSV row (")
    assert fault.endswith("check its quotes: no row from here on was read")
