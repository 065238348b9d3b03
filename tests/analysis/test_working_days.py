"""Working days: the official calendar, excluded days, pauses, ranges, and years that are not guessed."""

import datetime
import time

import chinese_calendar
import numpy as np
import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError


def test_each_day_of_the_calendar_agrees_with_the_package_that_keeps_it():
    first = datetime.date(2004, 1, 1)
    days = [first + datetime.timedelta(days=k) for k in range((datetime.date(2026, 12, 31) - first).days + 1)]
    steps = cm.working_days(days[:-1], days[1:])
    assert steps.tolist() == [int(chinese_calendar.is_workday(day)) for day in days[1:]]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2014-09-26", "2014-10-08", 4),  # Sunday 28 September worked, 29, 30, holidays 1 to 7 October, 8
        ("2014-01-30", "2014-02-10", 3),  # 7, Saturday 8 (worked) and 10 February
        ("2014-03-03", "2014-03-03", 0),
        ("2014-03-01", "2014-03-02", 0),
        (datetime.date(2014, 3, 3), datetime.datetime(2014, 3, 4, 23, 59), 1),
        (pd.Timestamp("2014-03-03 17:00", tz="UTC"), "2014-03-05", 1),
    ],
)
def test_day_one_is_not_counted_and_the_last_day_is(start, end, expected):
    assert cm.working_days(start, end) == expected


def test_pauses_are_taken_off_and_rows_keep_their_labels():
    cases = pd.DataFrame({"a": ["2014-03-03"] * 2, "b": ["2014-03-14", None], "off": [4, 0]}, index=["x", "y"])
    before = cases.copy()
    found = cm.working_days(cases["a"], cases["b"], paused=cases["off"])
    assert found.index.tolist() == ["x", "y"]
    assert found["x"] == 5
    assert np.isnan(found["y"])
    pd.testing.assert_frame_equal(cases, before)


def test_230_working_days_are_329_to_340_calendar_days_over_starts_of_2013_to_2016():
    assert cm.calendar_range(230, ("2013", "2016")) == (329, 340)


@pytest.mark.parametrize("period", ["2014", "2014-02", "2014-02-03", pd.Period("2014-02", "M")])
def test_a_range_holds_the_span_of_every_start(period):
    span = cm.calendar_range(86, period)
    start = np.datetime64("2014-02-03")
    ends = start + np.arange(1, 400)
    counted = cm.working_days(np.repeat(start, 399), ends)
    first = int(np.flatnonzero(counted == 86)[0]) + 1
    assert span.low <= first <= span.high
    assert (span.low == span.high == first) == (period == "2014-02-03")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: cm.working_days("2003-12-31", "2004-02-01"), r"start lies outside .* covers 2004 to 2026 .*row 0: 2003-12-31"),
        (lambda: cm.working_days("2026-01-01", "2027-01-01"), r"end lies outside .*weekdays are not counted in its place"),
        (lambda: cm.working_days(["2014-02-02"], ["2014-02-01"]), "end is before start: row 0: 2014-02-01"),
        (lambda: cm.working_days(pd.Series(["2014-02-02"], index=["x"]), "2013-01-01"), "end is before start: row x"),
        (lambda: cm.working_days(["soon"], ["2014-02-01"]), "start holds what is no date: row 0: soon"),
        (lambda: cm.working_days([20140201], [20140301]), "start holds int64, not dates"),
        (lambda: cm.working_days("2014-03-03", "2014-03-05", paused=3), "longer than the time itself"),
        (lambda: cm.working_days("2014-03-03", "2014-03-05", paused=-1), "paused is negative"),
        (lambda: cm.working_days("2014-03-03", "2014-03-05", paused=0.5), "no whole number"),
        (lambda: cm.working_days(["2014-03-03"] * 3, ["2014-03-05"] * 2), "differ in length"),
        (lambda: cm.calendar_range(230, ("2016", "2013")), "reversed: 2016-01-01 is after 2013-12-31"),
        (lambda: cm.calendar_range(230, "2027"), "outside the official calendar"),
        (lambda: cm.calendar_range(230, "2026"), "230 working days from 2026-12-31 end after"),
        (lambda: cm.calendar_range(0, "2014"), "at least 1, not 0"),
        (lambda: cm.calendar_range(5, "sometime"), "a year, a month, a date or a pair"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(call, text):
    with pytest.raises(AnalysisError, match=text):
        call()


def test_every_problem_is_named_at_once():
    with pytest.raises(AnalysisError) as caught:
        cm.working_days(["2003-01-01", "x", "2014-02-02"], ["2014-01-01", "2014-01-01", "2014-01-01"])
    lines = str(caught.value).split("\n")
    assert [line.split(" ")[0] for line in lines] == ["start", "start", "end"]
    assert "start holds what is no date: row 1: x" in lines[0]


def test_millions_of_rows_take_seconds():
    starts = pd.Series(np.datetime64("2010-01-01") + (np.arange(1_000_000) % 3000).astype("timedelta64[D]"))
    cm.working_days(starts[:1], starts[:1])
    begun = time.perf_counter()
    found = cm.working_days(starts, starts + pd.to_timedelta(100, unit="D"))
    assert time.perf_counter() - begun < 5
    assert found.between(59, 73).all()
