"""Arguments of a wrong kind, one at a time, for every public analysis: the error names the argument and what was given."""

import inspect
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis import arguments
from county_metrics.analysis.effect import AnalysisError

PANEL = pd.DataFrame(
    [
        (f"c{place}", year, place + year % 3 + 0.1 * place * (year - 2010), 2012 if place < 2 else np.nan)
        for place in range(6)
        for year in range(2010, 2014)
    ],
    columns=["county", "year", "days", "start"],
)
PANEL = PANEL.assign(state=(PANEL["year"] >= PANEL["start"]).astype(int), group=PANEL["start"].notna().astype(int))
TWO_STARTS = PANEL.assign(start=PANEL["start"].where(PANEL["county"] != "c1", 2013))
CASES = pd.DataFrame(
    {"days": [9, 8, 7, 9, 4, 6, 4, 5, 3, 8], "when": ["before"] * 5 + ["after"] * 5, "ended": True, "late": [1, 0] * 5}
)
SERIES = pd.DataFrame({"month": np.arange(24), "days": np.arange(24) % 5 + 3.0 * (np.arange(24) > 11)})
TWO_SERIES = pd.concat([SERIES.assign(place="a"), SERIES.assign(place="b", days=SERIES.index % 7 + 1.0)], ignore_index=True)
STARTS = {"outcome": "days", "unit": "county", "period": "year", "treatment_start": "start"}

CALLS = {
    "difference_in_differences": {"data": PANEL, **STARTS},
    "event_study": {"data": PANEL, **STARTS},
    "staggered_adoption": {"data": TWO_STARTS, **STARTS},
    "twfe_decomposition": {"data": TWO_STARTS, **STARTS},
    "randomisation_inference": {"data": PANEL, **STARTS},
    "synthetic_did": {"data": PANEL, **STARTS, "draws": 50},
    "synthetic_control": {"data": PANEL, "outcome": "days", "unit": "county", "period": "year", "treated": "c0", "intervention_time": 2012},
    "difference_in_means": {"data": PANEL, "outcome": "days", "treated": "state"},
    "compare_records": {"data": CASES, "duration": "days", "group": "when", "draws": 100},
    "compare_survival": {"data": CASES, "duration": "days", "event": "ended", "group": "when"},
    "compare_shares": {"data": CASES, "outcome": "late", "group": "when"},
    "compare_counts": {"data": CASES, "counts": "late", "exposures": "days", "group": "when"},
    "bootstrap_interval": {"data": [3.0, 5.0, 8.0, 9.0, 14.0], "statistic": np.mean, "draws": 100},
    "interrupted_time_series": {"data": SERIES, "outcome": "days", "time": "month", "intervention_time": 12},
    "controlled_time_series": {"data": TWO_SERIES, "outcome": "days", "time": "month", "unit": "place", "treated": "a", "intervention_time": 12},
    "structural_break": {"data": SERIES, "outcome": "days", "time": "month"},
    "process_behaviour": {"data": SERIES, "outcome": "days", "time": "month"},
    "placebo_dates": {"data": SERIES, "outcome": "days", "time": "month", "intervention_time": 12},
    "simulate_records": {"cases": 5},
    "simulate_series": {},
    "simulate_panel": {},
    "simulate_synthetic_control": {},
    "known_truth": {"data": PANEL},
    "look": {"data": PANEL},
    "calendar_range": {"working_days": 5, "start_period": "2014"},
    "endpoint_change": {"pair": cm.load_case("jiashan").pair("investment_approval_time")},
    "specification": {"pair": cm.load_case("jiashan").pair("investment_approval_time")},
    "specification_curve": {"pair": cm.load_case("jiashan").pair("investment_approval_time")},
}  # fmt: skip


def its(**more):
    return cm.interrupted_time_series(**CALLS["interrupted_time_series"], **more)


SIGNED = ["9", "x", 2.5, True, [9], pd.NA]
REAL = ["x", "1.5", True, np.nan, np.inf, [1.0], pd.NaT]
COLUMN = [3, "", ["days"], ("days", "year"), np.nan]
KINDS = {
    "data": [{"days": [1]}, "panel.csv", [[1, 2]], pd.Series([1.0]), np.zeros((2, 2))],
    "column": [*COLUMN, None],
    "column_or_none": COLUMN,
    "columns": [3, None, [3], {"days": 1}, [["days"]]],
    "share": ["0.95", "x", 95, 0, 1, True, None, np.nan, [0.95], np.array([0.9, 0.95])],
    "shares": ["a", "0.5", ["a"], 50, (0.5, 90), None, [True], [[0.5]]],
    "whole": [*SIGNED, -99],
    "whole_signed": SIGNED,
    "real": REAL,
    "flag": ["no", 0, 1.0, None, "True"],
    "choice": ["magic", 3, None, ["twfe"], np.array(["a", "b"])],
    "pair": [5, "ab", (1,), (1, 2, 3), {1, 2}, (np.array([1, 2]), "after")],
    "several": [5, "c1"],
    "text": [3, ["day"]],
    "label": ["c9", None, ["c0"], np.array(["c0", "c1"]), 0],
    "case_pair": ["jiashan", None, PANEL],
    "function": ["mean", 3.0, None],
}
NAMES = {
    "data": "data",
    "column": "outcome period duration counts exposures",
    "column_or_none": "unit treatment_start treated post weights cluster group received event exposure offset",
    "columns": "covariates regressors",
    "share": "level",
    "shares": "quantiles",
    "whole": "draws seed leads lags cases donors rows years least_side phase_in count_from window horizon hac_lags season_length",
    "whole_signed": "reference",
    "real": "before after level_change slope_change rho working_days",
    "flag": "trend slope use_t log balanced cross_sections allow_negative",
    "choice": "method covariance comparison base_period aggregate variance alternative selected_on errors",
    "pair": "order",
    "function": "statistic",
    "case_pair": "pair",
}
KIND = {name: kind for kind, names in NAMES.items() for name in names.split()}
OWN = {
    ("compare_survival", "horizon"): "real",
    ("controlled_time_series", "unit"): "column",
    ("controlled_time_series", "controls"): "several",
    ("structural_break", "lags"): "several",
    ("structural_break", "trim"): "real",
    ("difference_in_means", "treated"): "column",
    ("synthetic_control", "unit"): "column",
    ("synthetic_control", "treated"): "label",
    ("synthetic_control", "donors"): "several",
    ("compare_survival", "event"): "column",
    ("compare_records", "unit"): "text",
    ("compare_survival", "unit"): "text",
    ("simulate_records", "horizon"): "whole",
    ("look", "columns"): "several",
}
ELSEWHERE = {
    "intervention_time": "read with the dates of the data",
    "time": "read with the series",
    "missing": "read with the series",
    "order": "tested below",
    "lags": "tested with the breaks",
    "treated": "any label, or several",
    "season": "tested below",
    "seasonal_order": "tested below",
    "successes": "stand instead of data",
    "totals": "stand instead of data",
    "start_period": "tested below",
    "reading": "tested with the specification",
    "step": "tested with the specification",
    "outcome": "None without data",
    "data": "no table is needed here",
    "years": "tested below",
    "settings": "further arguments",
    "choices": "further arguments",
}
LEFT_OUT = {
    ("placebo_dates", "outcome"),
    ("compare_shares", "outcome"),
    ("bootstrap_interval", "data"),
    ("placebo_dates", "data"),
}
LEFT_OUT |= {
    ("specification_curve", "years"),
    ("interrupted_time_series", "order"),
    ("controlled_time_series", "treated"),
    ("structural_break", "lags"),
}
MAY_BE_NONE = {"selected_on"}


def wrong_arguments():
    for function, valid in CALLS.items():
        for name in inspect.signature(getattr(cm, function)).parameters:
            kind = OWN.get((function, name), KIND.get(name))
            if kind is None or (function, name) in LEFT_OUT:
                assert name in ELSEWHERE, (function, name)
                continue
            for place, value in enumerate(KINDS[kind]):
                if not (value is None and name in MAY_BE_NONE):
                    yield pytest.param(function, valid, name, value, id=f"{function}-{name}-{place}")


@pytest.mark.parametrize(("function", "valid", "name", "value"), list(wrong_arguments()))
def test_a_wrong_argument_is_named(function, valid, name, value):
    with pytest.raises(AnalysisError) as caught:
        getattr(cm, function)(**{**valid, name: value})
    text = str(caught.value)
    line = next(
        line for line in text.splitlines() if f"{name} is " in line or f"{name} are " in line or line.startswith(f"{name}:")
    )
    if isinstance(value, str) and value:
        assert f"'{value}'" in line
    assert len(line) < 300


@pytest.mark.parametrize("function", [name for name in CALLS if name not in ("known_truth", "compare_records")])
def test_numpy_numbers_and_the_valid_call_are_fine(function):
    valid = dict(CALLS[function])
    for name, parameter in inspect.signature(getattr(cm, function)).parameters.items():
        given = valid.get(name, parameter.default)
        if type(given) is int:
            valid[name] = np.int64(given)
        elif type(given) is float:
            valid[name] = np.float64(given)
        elif type(given) is bool:
            valid[name] = np.bool_(given)
    getattr(cm, function)(**valid)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(AnalysisError) as caught:
        cm.event_study(
            "panel.csv",
            outcome=3,
            unit="county",
            period="year",
            comparison="all",
            reference="x",
            leads="3",
            log="no",
            level="0.95",
        )
    assert str(caught.value).splitlines() == [
        "level is a share between 0 and 1, such as 0.95, not the text '0.95'; write it without quotes",
        "comparison is 'never_treated' or 'not_yet_treated', not 'all'",
        "reference is a whole number, such as -1, not the text 'x'",
        "leads is a whole number of at least 1, such as 3, or None, not the text '3'; write it without quotes",
        "data is a pandas DataFrame, one row a unit and period, not the text 'panel.csv'; read the file first, by pandas.read_csv",
        "outcome is the name of one column, as text, not 3; where columns are numbered, name them first: "
        "data.columns = data.columns.map(str)",
        "log is True or False, not the text 'no'",
    ]
    with pytest.raises(AnalysisError) as caught:
        cm.compare_records({}, duration="days", quantiles=(0.5, 90, "a"), draws=5, seed="x", level=95, alternative="larger")
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "quantiles",
        "draws",
        "seed",
        "level",
        "alternative",
        "data",
    ]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"treated": "c9"}, "treated: there is no unit 'c9' in column 'county'; Allowed: c0, c1, c2, c3, c4, c5"),
        ({"donors": ["c1", "c8"]}, "donors: there is no unit 'c8' in column 'county'"),
        ({"unit": "place"}, "there is no column 'place'; Allowed: county, days, group, start, state, year"),
        ({"outcome": "day"}, "there is no column 'day'; did you mean 'days'? Allowed: county, days, group, start, state, year"),
        ({"data": PANEL.assign(days=np.nan)}, "no row is complete in days"),
        ({"data": PANEL[:0].assign(county="")}, "treated: there is no unit 'c0' in column 'county'; Allowed: nothing is defined"),
        ({"intervention_time": None}, "intervention_time is the first treated period, not None"),
    ],
)
def test_a_synthetic_control_names_only_what_the_reader_gave(more, text):
    with pytest.raises(AnalysisError) as caught:
        cm.synthetic_control(**{**CALLS["synthetic_control"], **more})
    assert text in str(caught.value)
    assert "treated unit" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: cm.compare_shares(successes=("a", 2), totals=(3, 4)), "successes are whole numbers"),
        (lambda: cm.compare_shares(CASES.assign(late=["yes", "no"] * 5), outcome="late", group="when"),
         "'late' holds True and False, or 1 and 0, not the text 'yes'"),
        (lambda: cm.compare_shares(successes=([1], 2), totals=(3, 4)), "successes is a pair of numbers"),
        (lambda: cm.look(CASES, columns=["days", ["when"]]), r"there is no column \['when'\]"),
        (lambda: cm.compare_shares(successes="12", totals=(3, 4)), "successes is a pair of numbers, .* not the text '12'"),
        (lambda: cm.compare_shares(successes={1, 2}, totals=(3, 4)), "successes is a pair of numbers"),
        (lambda: cm.compare_shares("cases.csv", outcome="late", group="when"), "not the text 'cases.csv'; read the file first"),
        (lambda: cm.compare_shares(CASES, outcome=3, group="when"), "outcome is the name of one column"),
        (lambda: cm.compare_counts(counts=(1, 2), exposures="ab"), "exposures is a pair of numbers"),
        (lambda: cm.bootstrap_interval([1.0, 2, 3], lambda x: x, draws=100), "returns one number; here it ends in TypeError"),
        (lambda: cm.bootstrap_interval([1.0, 2, 3], lambda x, y: 1.0, draws=100), "one argument a sample"),
        (lambda: cm.bootstrap_interval(["a", "b", "c"], np.mean, draws=100), "here it ends in"),
        (lambda: cm.bootstrap_interval([[1, 2], [3]], np.mean, draws=100), "rows of one length"),
        (lambda: cm.bootstrap_interval((), np.mean, draws=100), "data is rows"),
        (lambda: cm.bootstrap_interval("cases.csv", np.mean, draws=100), "data is rows"),
        (lambda: its(season=2.5), "season is 'auto', 'dummies' or a number"),
        (lambda: its(season=[2]), "season is 'auto', 'dummies' or a number"),
        (lambda: its(order=(1, 0)), "order is 3 whole numbers"),
        (lambda: its(seasonal_order="1"), "seasonal_order is 4 whole numbers"),
        (lambda: cm.controlled_time_series(**CALLS["controlled_time_series"], seasons=2), "no choice 'seasons'; did you mean 'season'"),
        (lambda: cm.placebo_dates(**CALLS["placebo_dates"], slopes=False), "no choice 'slopes'; did you mean 'slope'"),
        (lambda: cm.series_curve(SERIES, outcome="days", time="month", intervention_time=12, grid="ols"), "grid is a mapping of choices"),
        (lambda: cm.series_curve(SERIES, outcome="days", time="month", intervention_time=12, grid={"method": "ols"}),
         r"grid\['method'\] is a list of values, not the text 'ols'"),
        (lambda: cm.working_days("2014-03-03", "2014-03-05", paused="x"), "paused is a number of working days.*'x'"),
        (lambda: cm.calendar_range(5, None), "start_period is a year.*None"),
        (lambda: cm.calendar_range(5, ("2014", "2015", "2016")), "start_period is a year"),
        (lambda: cm.compare_counts(counts=(10**30, 5), exposures=(1, 2)), r"counts are whole numbers, not negative, at most 1e\+15"),
        (lambda: cm.record(cm.compare_shares(successes=(1, 2), totals=(3, 4)), "jiashan"), "case is what load_case returned"),
        (lambda: cm.record(cm.compare_shares(successes=(1, 2), totals=(3, 4)), counties=2.5), "counties is a whole number"),
        (lambda: cm.known_truth(cm.simulate_records(cases=50), horizons=9), "no setting 'horizons'; did you mean 'horizon'"),
        (lambda: cm.readout("did"), "result is what an analysis returned, not the text 'did'"),
        (lambda: cm.record("did"), "result is what an analysis returned, not the text 'did'"),
        (lambda: cm.readout(cm.compare_shares(successes=(1, 2), totals=(3, 4)), truth=3), "truth is a mapping of terms"),
        (lambda: cm.specification_curve(CALLS["specification"]["pair"], 3), "years is whole numbers, such as range"),
        (lambda: cm.specification_curve(CALLS["specification"]["pair"], [1, "2"]), "each of years is a whole number of at least 1"),
    ],
)  # fmt: skip
def test_what_stands_for_itself_is_refused_too(call, text):
    with pytest.raises(AnalysisError, match=text):
        call()


def test_what_is_right_is_no_problem():
    assert arguments.whole("draws", np.int32(5), least=5, example=9) == ""
    assert arguments.real("rho", np.float32(0.5), above=-1, below=1, example=0.4) == ""
    assert arguments.shares("quantiles", np.array([0.5, 0.9]), example=(0.5,)) == ""
    assert arguments.several("donors", pd.Index(["a"]), "units") == ""
    assert arguments.column_list("covariates", "size") == arguments.column_list("covariates", pd.Index(["size"])) == ""
    assert arguments.text("unit", np.str_("day")) == ""
    assert arguments.pair("order", np.array(["a", "b"]), "labels") == ""
    assert arguments.flags(log=np.True_) == []
    assert "not something of type Decimal" in arguments.share("level", Decimal("0.95"))
    arguments.require("", "")
