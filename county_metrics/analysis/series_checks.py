"""Robustness of an interrupted time series: placebo dates, other dates, windows, lags, single periods, all choices at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis import series_model
from county_metrics.analysis.arguments import instance, require, several, whole
from county_metrics.analysis.check import CheckResult, Checks
from county_metrics.analysis.effect import AnalysisError, fitting_places, own_label, plain_value
from county_metrics.analysis.series import analyse, asked, autocorrelation_check
from county_metrics.analysis.series_data import Segments
from county_metrics.analysis.series_fit import Fit
from county_metrics.analysis.series_model import (
    LEAST_CYCLES,
    LEAST_SIDE,
    Model,
    informed,
    lags_of,
    model_of,
    read,
    restrict,
    settle,
    solve,
)
from county_metrics.present import payload
from county_metrics.present.curve import axis, curve_block, curve_table
from county_metrics.present.number import number
from county_metrics.present.payload import Block
from county_metrics.present.wording import say

ENOUGH_PLACEBOS = 10
_MOST = 500
_CHOICES = ("method", "errors", "season", "trend", "slope", "phase_in", "window", "hac_lags", "order")


def _prepare(data: pd.DataFrame, time: str, start: Any, choices: Mapping[str, Any]) -> tuple[Segments, Segments, Model]:
    """The series with all its periods and with those of the model, and the model."""
    given = dict(choices)
    missing = given.pop("missing", "refuse")
    wrong = asked(data, given.pop("level", 0.95), given.pop("horizon", None), given.pop("use_t", True), time=time)
    model = model_of(*wrong, **given)
    every = read(data, replace(model, phase_in=0, window=None), time, start, missing)
    series = restrict(every, model)
    return every, series, settle(series, model)[0]


def _informed(every: Segments, series: Segments, model: Model) -> tuple[Segments, Segments, Model]:
    """The same without periods that say nothing."""
    told = informed(series, model)
    return replace(every, kept=every.kept & (told.kept | ~series.kept)), told, model


def _level(fit: Fit) -> float:
    return float(fit.params[fit.names.index("level_change")])


def _tried(series: Segments, model: Model, least: int) -> float | None:
    """Level change, or None where these periods cannot bear the model or fewer than `least` on a side say something."""
    try:
        series = informed(series, model)
        return _level(solve(series, model, alone=True)) if min(series.sides()) >= least else None
    except AnalysisError:
        return None


def _moved(series: Segments, model: Model, start: int, *, only_before: int | None = None) -> Segments:
    kept = series.kept & (series.places < only_before) if only_before is not None else series.kept
    return restrict(replace(series, start=start, kept=kept), model)


def placebo_dates(
    data: pd.DataFrame, *, outcome: str, time: str, intervention_time: Any, least_side: int = LEAST_SIDE, **choices: Any
) -> CheckResult:
    """Compare the level change with those at made-up starts before the true one.

    Parameters
    ----------
    data, outcome, time, intervention_time
        As for `interrupted_time_series`; only periods before the true start are used for the made-up ones.
    least_side : int
        Periods that a made-up start has on each side, at least.
    **choices
        Further arguments of `interrupted_time_series` that make the model, and ``missing``.

    Returns
    -------
    CheckResult
        Passed where the true change is larger in size than every other, failed where it is not; informs only where
        there are fewer than 10 made-up starts, or less than 8 periods on a side, or the fit is exact. Neighbouring starts
        share data, so the rank is no p-value.

    Raises
    ------
    AnalysisError
        For data or choices that cannot be used.
    """
    require(whole("least_side", least_side, least=1, example=LEAST_SIDE))
    every, series, model = _informed(*_prepare(data, time, intervention_time, choices | {"outcome": outcome}))
    return _placebo(every, model, solve(series, model, alone=True), max(least_side, 2))


def _placebo(every: Segments, model: Model, fit: Fit, least_side: int) -> CheckResult:
    true, found = abs(_level(fit)), []
    first = max(least_side, LEAST_CYCLES * (model.season_length or 0) if model.season else 0)
    for start in range(first, every.start):
        moved = _moved(every, model, start, only_before=every.start)
        if (level := _tried(moved, model, least_side)) is not None:
            found.append(abs(level))
    label = say("series_check.placebo_dates")
    if not found:
        return CheckResult("placebo_dates", None, label, say("series_check.placebo_none"))
    larger = sum(value >= true for value in found)
    bare = min(restrict(every, model).sides()) < LEAST_SIDE or fit.exact
    places = fitting_places(true, max(found))
    text = say(
        "series_check.placebo_text", count=number(len(found), ref="result:placebo_dates"),
        larger=number(larger, ref="result:placebo_larger"),
        true=number(plain_value(true), ref="result:level_change_size", places=places),
        largest=number(plain_value(max(found)), ref="result:placebo_largest", places=places),
    )  # fmt: skip
    return CheckResult("placebo_dates", larger == 0 if len(found) >= ENOUGH_PLACEBOS and not bare else None, label, text)


def series_checks(data: pd.DataFrame, *, outcome: str, time: str, intervention_time: Any, **choices: Any) -> Checks:
    """All robustness checks of an interrupted time series.

    Parameters
    ----------
    data, outcome, time, intervention_time, **choices
        As for `placebo_dates`.

    Returns
    -------
    Checks
        Residual autocorrelation, placebo dates; range of the level change with the start moved by up to three periods,
        with narrower windows, without each period; range of its Newey–West error over lags. A range passes where every
        level change has the sign of the one reported; that over other dates informs, since a true start is one date. Of an
        exact fit all inform, without autocorrelation, which also needs 8 periods on a side; lags need 24. One fit a period and a
        made-up start: some seconds at 80 periods, most of a minute at 600, and minutes with ``arima``.

    Raises
    ------
    AnalysisError
        For data or choices that cannot be used.
    """
    every, series, model = _informed(*_prepare(data, time, intervention_time, choices | {"outcome": outcome}))
    fit = solve(series, model, alone=True)
    checks = [autocorrelation_check(fit, series, model)] if min(series.sides()) >= LEAST_SIDE and not fit.exact else []
    checks.append(_placebo(every, model, fit, LEAST_SIDE))
    moved = [
        _moved(every, model, series.start + shift)
        for shift in (-3, -2, -1, 1, 2, 3)
        if 0 < series.start + shift < series.axis.length
    ]
    sides = [max(LEAST_SIDE, round(min(series.sides()) * share)) for share in (0.5, 0.75, 1)]
    narrow = [restrict(series, replace(model, window=side)) for side in sorted(set(sides))]
    single = [replace(series, kept=series.kept & (series.places != place)) for place in np.flatnonzero(series.kept)]
    for name, variants in (("dates", moved), ("window", narrow), ("leave_one_out", single)):
        checks.append(_range(name, fit, variants, model))
    if model.errors == "hac" and min(series.sides()) >= series_model.FULL_SIDE:
        checks.append(_lags(series, model))
    return Checks(tuple(checks))


def _range(name: str, fit: Fit, variants: Sequence[Segments], model: Model) -> CheckResult:
    """Smallest and largest level change over variants that the model can be fitted to."""
    base, tried = _level(fit), [_tried(variant, model, LEAST_SIDE) for variant in variants]
    found = [level for level in tried if level is not None]
    label = say(f"series_check.{name}")
    if not found:
        return CheckResult(name, None, label, say("series_check.range_none"))
    places = fitting_places(base)
    ends = span(name, found, places)
    text = say("series_check.range_text", count=number(len(found), ref=f"result:{name}_fits"), **ends)
    same = all(np.sign(value) == np.sign(base) for value in found)
    return CheckResult(name, None if name == "dates" or fit.exact else same, label, text)


def span(name: str, values: Sequence[float], places: int) -> dict[str, Any]:
    """Number nodes of the smallest and the largest of some results."""
    ends = {"low": min(values), "high": max(values)}
    return {end: number(plain_value(value), ref=f"result:{name}_{end}", places=places) for end, value in ends.items()}


def _lags(series: Segments, model: Model) -> CheckResult:
    """Range of the Newey–West standard error of the level change over lags from none to twice those used."""
    errors = []
    for lags in range(min(2 * lags_of(series, model) + 1, int(series.kept.sum()))):
        fit = solve(series, replace(model, hac_lags=lags))
        place = fit.names.index("level_change")
        errors.append(float(np.sqrt(fit.cov[place, place])))
    places = fitting_places(min(errors))
    ends = span("lags", errors, places)
    text = say("series_check.lags_text", most=number(len(errors) - 1, ref="result:lags_most"), **ends)
    return CheckResult("hac_lags", None, say("series_check.lags"), text)


def series_curve(
    data: pd.DataFrame, *, outcome: str, time: str, intervention_time: Any, grid: Mapping[str, Sequence[Any]], **choices: Any
) -> Block:
    """Level change under every combination of declared choices, as a specification curve and its table.

    Parameters
    ----------
    data, outcome, time, intervention_time, **choices
        As for `placebo_dates`.
    grid : mapping of str to sequence
        Values to try of ``method, errors, season, trend, slope, phase_in, window, hac_lags`` or ``order``.

    Returns
    -------
    Block
        Bounds are 95 % intervals; where one is withheld, the bar is open.

    Raises
    ------
    AnalysisError
        For unknown choices, more than 500 combinations, or a mixture of counts (log scale) and measures.
    """
    require(instance("grid", grid, Mapping, "a mapping of choices to lists of values, such as {'method': ['ols', 'auto']}"))
    require(*(several(f"grid[{name!r}]", values, "values") for name, values in grid.items()))
    unknown = [name for name in grid if name not in _CHOICES]
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    if unknown or not grid or not 0 < len(combinations) <= _MOST:
        known = ", ".join(_CHOICES)
        raise AnalysisError(f"grid names one or more of {known} with up to {_MOST} combinations; it has {list(grid)}")
    rows, scales = [], set()
    for combination in combinations:
        _, series, model = _prepare(data, time, intervention_time, {**choices, "outcome": outcome, **combination})
        found = analyse(series, model, horizon=None, use_t=True, level=0.95, attrs=data.attrs)["level_change"]
        scales.add(model.logarithmic)
        ends = {"low": found.conf_low, "high": found.conf_high}
        row: dict[str, Any] = {end: None if value is None else plain_value(value) for end, value in ends.items()}
        choice = {name: str(value) for name, value in combination.items()}
        rows.append(row | {"value": plain_value(found.estimate), "choices": choice})
    if len(scales) > 1:
        raise AnalysisError("counts are on the log scale and measures are not; keep them in two curves")
    axes = [axis(name, [v if isinstance(v, int | float) else str(v) for v in values]) for name, values in grid.items()]
    unit = say("series_check.curve_log" if True in scales else "series_check.curve_unit", outcome=own_label(outcome))
    parts = ("level_change", own_label(outcome), unit, axes, rows)
    return Block(payload.stack(curve_block(*parts, simulated=bool(data.attrs.get("simulated"))), curve_table(*parts)))
