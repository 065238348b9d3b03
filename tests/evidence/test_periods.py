"""Dates and intervals of the data."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.evidence.periods import Period, parse_period, years_between

LAW = settings(deadline=None, derandomize=True, max_examples=200)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2016", "2016", "2016"),
        ("2014-10", "2014-10", "2014-10"),
        ("2014-01-17", "2014-01-17", "2014-01-17"),
        ("2013/2016", "2013", "2016"),
        ("../2014-01-16", None, "2014-01-16"),
        ("2019/..", "2019", None),
        ("2014/2014-06", "2014", "2014-06"),
        ("2014-06/2014", "2014-06", "2014"),
    ],
)
def test_dates_and_intervals_are_read(text, start, end):
    assert parse_period(text) == Period(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "", "14", "2014-13", "2014-02-30", "0000", "2016/2013", "2014-02/2014-01", "../..", "2013/2014/2015",
        "2014/", "/2014", "2014-1", "2014年", "２０１４", " 2014", "2014\n", "2014.10", "around 2014",
    ],
)  # fmt: skip
def test_anything_else_is_not_a_period(text):
    assert parse_period(text) is None


@pytest.mark.parametrize(("text", "single"), [("2016", True), ("2013/2016", False), ("2016/..", False)])
def test_a_single_date_is_told_from_an_interval(text, single):
    assert parse_period(text).single is single


@pytest.mark.parametrize(
    ("text", "year"), [("2014-10", 2014), ("2014-01/2014-10", 2014), ("2013/2014", None), ("2014/..", None), ("../2014", None)]
)
def test_only_a_period_within_one_year_has_a_year(text, year):
    assert parse_period(text).year == year


@pytest.mark.parametrize(
    ("before", "after", "years"),
    [("2019", "2023", 4), ("2014", "2014-10", 0), ("2013/2014", "2016", None), ("", "2016", None), ("2016", "x", None)],
)
def test_years_between_two_stated_years(before, after, years):
    assert years_between(before, after) == years


@LAW
@given(st.dates(), st.dates(), st.sampled_from([4, 7, 10]))
def test_an_interval_is_read_exactly_when_it_does_not_run_backwards(first, second, length):
    start, end = (date.isoformat()[:length] for date in (first, second))
    assert (parse_period(f"{start}/{end}") is not None) == (start <= end)


@LAW
@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_day_is_read_exactly_when_the_calendar_has_it(year, month, day):
    try:
        datetime.date(year, month, day)
        exists = True
    except ValueError:
        exists = False
    assert (parse_period(f"{year:04d}-{month:02d}-{day:02d}") is not None) is exists


@LAW
@given(st.text(alphabet="0123456789-/.年２ ", max_size=12))
def test_any_text_is_a_period_or_none(text):
    period = parse_period(text)
    assert period is None or text.isascii()
