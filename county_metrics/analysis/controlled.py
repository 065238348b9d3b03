"""Controlled interrupted time series: the change of one series against that of comparison series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import columns as columns_named
from county_metrics.analysis.arguments import several
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import AnalysisError, EffectResult, effect_number, own_label
from county_metrics.analysis.series import analyse, asked
from county_metrics.analysis.series_checks import span
from county_metrics.analysis.series_data import Floats, Missing, Segments, listed, read_axis, read_series, require_columns
from county_metrics.analysis.series_model import Model, model_of, restrict, settle, solve
from county_metrics.present.number import number
from county_metrics.present.series_plot import series_block
from county_metrics.present.wording import say

DETECTABLE = 2.8


def controlled_time_series(
    data: pd.DataFrame, *, outcome: str, time: str, unit: str, treated: Any, intervention_time: Any,
    controls: Sequence[Any] | None = None, log: bool = False, exposure: str | None = None, horizon: int | None = None,
    use_t: bool = True, level: float = 0.95, missing: Missing = "refuse", **choices: Any,
) -> EffectResult:  # fmt: skip
    """Change in level and slope of a treated series beyond that of comparison series.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period; every unit has every period.
    unit : str
        Column that names the units.
    treated : value or sequence
        Unit or units where something began.
    controls : sequence, optional
        Comparison units; all others if not given.
    outcome, time, intervention_time, log, exposure, horizon, use_t, level, missing
        As for `interrupted_time_series`.
    **choices
        ``method`` (all but those of counts), ``errors, season, season_length, trend, slope, phase_in, count_from, window,
        hac_lags, order, seasonal_order`` of `interrupted_time_series`.

    Returns
    -------
    EffectResult
        Terms as for `interrupted_time_series`, all of the difference between treated and comparison.

    Raises
    ------
    AnalysisError
        For data or choices that cannot be used.
    DesignError
        If the table declares a design without comparison.

    Notes
    -----
    **Estimand.** Difference between the treated units' level in the first period and the level that the earlier trend of
    the gap to the comparison gives; likewise of the slopes. With `log`, a ratio.

    **Assumptions.** Without the start, the gap would have kept its trend; the start does not reach the comparison units;
    nothing else began in the treated units alone at that time.

    **Not for.** Fewer than 8 periods on a side; comparison units that the start reached; starts at different times; small
    counts with `log`, whose chance variation is not looked for in a ratio.

    The mean over the comparison units is subtracted from the mean over the treated ones, period by period, and the
    difference is analysed as one series. For a balanced table the coefficients equal those of a pooled least-squares
    regression with a trend a group; but shocks common to both go out first, and one autocorrelated series of n periods
    is not counted as several independent ones.
    """
    wrong = [*asked(data, level, horizon, use_t, time=time, unit=unit), *columns_named(optional=True, exposure=exposure)]
    model = model_of(*wrong, several("controls", controls, "units", optional=True), outcome=outcome, log=log, **choices)
    if model.counts:
        raise AnalysisError("counts are compared as log rates: use log=True with exposure, method='auto'")
    if model.covariates or model.offset or model.weights or (exposure and not log):
        raise AnalysisError("covariates, offset and weights have no place here, and exposure belongs to log=True")
    require_columns(data, {"outcome": outcome, "time": time, "unit": unit, "exposure": exposure}, "causal_effect")
    ours, others = _groups(data, unit, treated, controls)
    series = {name: _one(data, outcome, time, unit, name, intervention_time, exposure, log, missing) for name in (*ours, *others)}
    gap, mean = _gap(series, ours, others, log)
    gap = restrict(gap, model)
    result = analyse(gap, model, horizon=horizon, use_t=use_t, level=level, attrs=data.attrs, design="controlled_series")
    counts = result.counts | {"treated": len(ours), "controls": len(others)}
    checks = (*result.checks, *_pre_trend(result), *_leave_one_out(series, ours, others, model, result))
    joined = np.multiply if log else np.add
    table = pd.concat([result.data, pd.Series(mean, name="comparison")], axis=1)
    for name in ("observed", "fitted", "counterfactual"):
        table[f"treated_{name}"] = joined(table[name], mean)
    lines = {name: table[f"treated_{name}"].tolist() for name in ("observed", "fitted", "counterfactual")}
    grey = [(own_label(", ".join(map(str, others[:3])) + (" …" if len(others) > 3 else "")), mean.tolist())]
    periods, end, word = table["period"].tolist(), gap.start + model.phase_in, str(data.attrs.get("unit", ""))
    stamp = result.simulated
    plot = series_block("controlled", outcome, periods, lines, gap.start, end=end, simulated=stamp, controls=grey, unit=word)
    said = say(f"controlled.estimand_{'ratio' if log else 'level'}", outcome=own_label(outcome), start=gap.axis.label(gap.start))
    assumed = tuple(say(f"controlled.assume_{name}") for name in ("gap", "reach", "alone"))
    plots = (plot, *result.plots)
    return replace(result, estimand=said, counts=counts, checks=checks, data=table, plots=plots, assumptions=assumed)


def _groups(data: pd.DataFrame, unit: str, treated: Any, controls: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    empty = [(row, value) for row, value in data[unit].items() if pd.isna(value)]
    if empty:
        raise AnalysisError(f"column {unit!r} names no unit in some rows ({listed(empty)})")
    known = sorted(data[unit].unique().tolist(), key=str)
    given = list(treated) if pd.api.types.is_list_like(treated) else [treated]
    named = [*given, *([] if controls is None else controls)]
    odd = [name for name in named if not pd.api.types.is_hashable(name) or name is pd.NA]
    if odd:
        raise AnalysisError(f"treated and controls are names of units, not {odd[0]!r}; each is one of {known[:20]}")
    rest = [name for name in known if name not in given] if controls is None else list(controls)
    ours, others = ([name for i, name in enumerate(names) if name not in names[:i]] for names in (given, rest))
    unknown = [name for name in (*ours, *others) if name not in known]
    if unknown:
        held = ", ".join(map(str, known[:20]))
        raise AnalysisError(f"column {unit!r} holds no {', '.join(map(repr, unknown))}; it holds {held}")
    if not ours or not others or set(ours) & set(others):
        raise AnalysisError("name at least one treated unit, and leave at least one other unit for comparison; none may be both")
    return ours, others


def _one(
    data: pd.DataFrame, outcome: str, time: str, unit: str, name: Any, start: Any, exposure: str | None, log: bool,
    missing: Missing,
) -> Segments:  # fmt: skip
    extra: dict[str, float | None] = {exposure: 0.0} if exposure else {}
    whole, _ = read_axis(data, time)
    try:
        rows, limit = data[data[unit] == name], 0.0 if log else None
        one = read_series(rows, outcome=outcome, time=time, start=start, extra=extra, missing=missing, above=limit)
    except AnalysisError as error:
        raise AnalysisError(f"unit {name!r}: {error}") from error
    if one.axis != whole:
        ends = f"{one.axis.label(0)} to {one.axis.label(one.axis.length - 1)}"
        raise AnalysisError(
            f"unit {name!r} has periods {ends}, the table {whole.label(0)} to {whole.label(whole.length - 1)}; "
            "every unit needs every period: add rows with an empty outcome and say missing='drop', or cut the table"
        )
    if not one.kept.any():
        raise AnalysisError(f"unit {name!r} has no period with all its values; leave it out")
    return replace(one, values=one.values / one.extra[exposure]) if exposure else one


def _gap(series: dict[Any, Segments], ours: list[Any], others: list[Any], log: bool) -> tuple[Segments, Floats]:
    """Series of the gap (a ratio with `log`) and the mean of the comparison (geometric with `log`)."""
    onto, back = (np.log, np.exp) if log else (np.asarray, np.asarray)
    means = [np.mean([onto(series[name].values) for name in group], axis=0) for group in (ours, others)]
    used = [series[name] for name in (*ours, *others)]
    kept = np.logical_and.reduce([one.kept for one in used])
    in_order = all(one.was_sorted for one in used)
    # Rounded, so that of a gap on a line little more than the line is left; the fit is judged against this height.
    height = float(np.abs(means)[:, kept].max(initial=1.0 if log else 1e-50))
    gap = np.round(means[0] - means[1], 14 - int(np.ceil(np.log10(height))))
    return replace(used[0], values=back(gap), kept=kept, extra={}, was_sorted=in_order, height=height), back(means[1])


def _pre_trend(result: EffectResult) -> tuple[CheckResult, ...]:
    """Slope of the gap before the start, beside the one that could have been detected with power 0.8."""
    found = {estimate.term: estimate for estimate in result.estimates}.get("trend")
    if found is None or found.std_error is None:
        return ()
    slots = {"slope": effect_number(found, "estimate"), "error": effect_number(found, "std_error")}
    seen = number(f"{DETECTABLE * found.std_error:.12g}", ref="result:detectable_slope", places=found.places)
    text = say("controlled.pre_trend_text", detectable=seen, **slots)
    return (CheckResult("pre_trend", None, say("controlled.pre_trend"), text),)


def _leave_one_out(
    series: dict[Any, Segments], ours: list[Any], others: list[Any], model: Model, result: EffectResult
) -> tuple[CheckResult, ...]:
    """Level change without each comparison unit in turn."""
    if len(others) < 2:
        return ()
    whole, found = result["level_change"], []
    for name in others:
        gap = restrict(_gap(series, ours, [other for other in others if other != name], model.log)[0], model)
        fit = solve(gap, settle(gap, model)[0], alone=True)
        found.append(float(fit.params[fit.names.index("level_change")]))
    same = all(np.sign(value) == np.sign(whole.estimate) for value in found) if result.checks else None
    ends = span("leave_one_out", found, whole.places)
    return (CheckResult("leave_one_out", same, say("controlled.leave_one_out"), say("controlled.leave_one_out_text", **ends)),)
