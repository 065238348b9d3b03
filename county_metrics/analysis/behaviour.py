"""Process-behaviour chart of single values and moving ranges (XmR)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from county_metrics.analysis.arguments import columns, frame, require
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate, fitting_places, own_label
from county_metrics.analysis.series import ljung_box
from county_metrics.analysis.series_data import Floats, read_series, require_columns
from county_metrics.analysis.series_model import LEAST_SIDE
from county_metrics.present.number import number
from county_metrics.present.series_plot import series_block
from county_metrics.present.wording import both, join, say

# For ranges of two neighbours: expected range and upper limit, in standard deviations and in mean ranges.
_RANGE_SIZE, _RANGE_LIMIT = 1.128, 3.267
_RUN = 8


def process_behaviour(data: pd.DataFrame, *, outcome: str, time: str, intervention_time: Any = None) -> EffectResult:
    """Limits within which single values of a series vary of themselves, and the values beyond them (XmR chart).

    Parameters
    ----------
    data : pandas.DataFrame
        One row a period, regular, in no order.
    outcome, time : str
        Columns, as for `interrupted_time_series`.
    intervention_time : period, optional
        First period after the start: limits then come from the periods before it alone, at least 8.

    Returns
    -------
    EffectResult
        ``mean``, ``lower_limit`` and ``upper_limit``, mean ∓ 3 mean ranges/1.128; ``mean_range`` of neighbours and its
        ``range_limit``, 3.267 times that; ``settings`` hold the periods ``outside`` and those of ``runs`` of 8 and more
        on one side of the mean; ``data`` every value with its range.

    Raises
    ------
    AnalysisError
        For data that cannot be used.

    Notes
    -----
    **Estimand.** The mean of the periods that the limits come from, and the spread of its single values.
    **Assumptions.** Neighbours in these periods differ by the ordinary variation alone; no trend, no season.
    **Not for.** A test at a given rate, or an effect; series whose neighbours are correlated, whose limits are too
    narrow: the check says so.

    Constants for ranges of two as in the NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2; runs of eight by
    the Western Electric rules (1956).

    Examples
    --------
    >>> days = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    >>> found = process_behaviour(pd.DataFrame({"year": range(2001, 2011), "days": days}), outcome="days", time="year")
    >>> round(found["lower_limit"].estimate, 4), round(found["mean"].estimate, 2), round(found["upper_limit"].estimate, 4)
    (45.8159, 50.81, 55.8041)
    """
    require(frame(data, "one row a period"), *columns(outcome=outcome, time=time))
    require_columns(data, {"outcome": outcome, "time": time})
    series = read_series(data, outcome=outcome, time=time, start=intervention_time, extra={}, missing="refuse")
    values, n = series.values, series.axis.length
    base = n if intervention_time is None else series.start
    if base < LEAST_SIDE:
        raise AnalysisError(f"limits need at least {LEAST_SIDE} periods to come from; there are {base}")
    ranges = np.abs(np.diff(values, prepend=np.nan))
    mean, span = float(values[:base].mean()), float(ranges[1:base].mean())
    reach = 3 * span / _RANGE_SIZE
    # What differs by rounding alone lies on the mean.
    away = np.where(np.isclose(values, mean, rtol=1e-9, atol=1e-9 * span), 0.0, values - mean)
    beyond, runs = np.abs(away) > reach * (1 + 1e-9), _runs(np.sign(away))
    labels = [series.axis.label(place) for place in range(n)]
    unit, simulated = str(data.attrs.get("unit", "")), bool(data.attrs.get("simulated", False))
    shown = {
        "mean": mean,
        "lower_limit": mean - reach,
        "upper_limit": mean + reach,
        "mean_range": span,
        "range_limit": _RANGE_LIMIT * span,
    }
    places = fitting_places(mean, span)
    estimates = tuple(Estimate(name, say(f"behaviour.{name}"), value, unit=unit, places=places) for name, value in shown.items())
    lines = {"observed": values.tolist(), "fitted": [mean] * n}
    grey = [(say(f"behaviour.{name}"), [shown[name]] * n) for name in ("lower_limit", "upper_limit")]
    plot = series_block("behaviour", outcome, labels, lines, base, controls=grey, limits=True, simulated=simulated, unit=unit)
    notes = say("behaviour.no_interval"), say("behaviour.signal")
    lags, flat = max(min(10, base // 5), 1), np.full((base, 1), base**-0.5)
    correlated = () if span == 0 else (ljung_box(values[:base] - mean, lags, basis=flat),)
    return EffectResult(
        method="process_behaviour", design="series",
        estimand=say("behaviour.estimand", outcome=own_label(outcome), first=labels[0], last=labels[base - 1]),
        estimates=estimates, counts={"observations": n} | ({"before": base, "after": n - base} if base < n else {}),
        settings={"outside": _where(labels, beyond), "runs": _where(labels, runs)}, assumptions=(say("behaviour.assume"),),
        notes=(*notes, *([] if series.was_sorted else [say("series_note.sorted")])),
        checks=(_check("outside", labels, beyond), _check("runs", labels, runs), *correlated),
        data=pd.DataFrame({"period": labels, "value": values, "range": ranges, "outside": beyond, "run": runs}), plots=(plot,),
        simulated=simulated,
    )  # fmt: skip


def _runs(sides: Floats) -> NDArray[np.bool_]:
    """Periods that stand in a run of eight or more on one side of the mean."""
    group = np.cumsum(np.r_[True, sides[1:] != sides[:-1]])
    return np.asarray((np.bincount(group)[group] >= _RUN) & (sides != 0))


def _where(labels: list[str], found: NDArray[np.bool_]) -> list[str]:
    return [label for label, is_so in zip(labels, found, strict=True) if is_so]


def _check(name: str, labels: list[str], found: NDArray[np.bool_]) -> CheckResult:
    listed = [both(label, label) for label in _where(labels, found)]
    text = join(listed[:12], both(", ", "、")) if listed else say("number.none")
    if len(listed) > 12:
        text = say("behaviour.more", listed=text, count=number(len(listed) - 12, ref=f"result:{name}_more"))
    slots = {"run": number(_RUN, ref="constant:run")} if name == "runs" else {}
    return CheckResult(name, not listed or None, say(f"behaviour.{name}", **slots), text)
