"""Forms of dates and periods, and the columns of a reader's own tables."""

import datetime

import pandas as pd
import pytest

from county_metrics.evidence.own_tables import DATE_FORMATS, NEEDED, PERIOD_FORMATS, TABLES, fitting_form, read_date, read_period


@pytest.mark.parametrize("form", [form for form in DATE_FORMATS if form != "excel"])
def test_every_form_of_a_date_reads_what_it_describes(form):
    names = {"YYYY": "2014", "MM": "11", "DD": "17", "M": "11", "D": "17", "hh": "09", "mm": "05", "ss": "07"}
    text = form
    for token, value in names.items():
        text = text.replace(token, value)
    moment = datetime.datetime(2014, 11, 17, 9 if "hh" in form else 0, 5 if "mm" in form else 0, 7 if "ss" in form else 0)
    assert read_date(text, form) == moment
    assert read_date(text + "x", form) is None


@pytest.mark.parametrize("serial", ["0", "60", "1.5", "-3", "041656", "9999999"])
def test_serials_that_no_spreadsheet_gives_a_day_are_refused(serial):
    assert read_date(serial, "excel") is None


@pytest.mark.parametrize(
    ("text", "form", "freq"),
    [("2014-02", "YYYY-MM", "M"), ("201402", "YYYYMM", "M"), ("2014年2月", "YYYY年M月", "M"), ("2014Q3", "YYYYQn", "Q"),
     ("2014年第3季度", "YYYY年第n季度", "Q")],
)  # fmt: skip
def test_ordinals_of_periods_are_those_of_pandas(text, form, freq):
    month = "2014-08" if freq == "Q" else "2014-02"
    assert read_period(text, form) == (freq, pd.Period(month, freq=freq).ordinal)


@pytest.mark.parametrize(("text", "form"), [("2014-13", "YYYY-MM"), ("2014Q5", "YYYYQn"), ("0000", "YYYY"), ("1.5", "whole")])
def test_what_is_no_period_is_none(text, form):
    assert read_period(text, form) is None


def test_a_text_finds_its_form():
    forms = (*PERIOD_FORMATS, *DATE_FORMATS)
    assert [fitting_form(text, forms) for text in ("2014/1/7", "2014年", "soon")] == ["YYYY/M/D", "YYYY年", ""]


def test_every_needed_column_is_a_column():
    for kind, names in NEEDED.items():
        assert set(names) <= {column.name for column in TABLES[kind]}
