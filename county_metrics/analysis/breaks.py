"""Sup-F test of one break at an unknown time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import column_list, flags, frame, real, require, several, whole
from county_metrics.analysis.arguments import columns as columns_named
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import AnalysisError, EffectResult, Estimate, own_label, plain_value
from county_metrics.analysis.series import ljung_box, p_node
from county_metrics.analysis.series_coverage import ar1_noise, upper_rho
from county_metrics.analysis.series_data import Floats, read_series, require_columns
from county_metrics.analysis.series_errors import reml_rho
from county_metrics.analysis.series_fit import require_rank
from county_metrics.analysis.series_model import LEAST_SIDE
from county_metrics.present.number import number
from county_metrics.present.series_plot import series_block
from county_metrics.present.wording import say

DRAWS, FINITE_DRAWS, STEPS, SEED = 10_000, 1_999, 2_000, 19930731
_BLOCK = 250


def structural_break(
    data: pd.DataFrame, *, outcome: str, time: str, regressors: Sequence[str] = (), lags: Sequence[int] = (), trend: bool = False,
    trim: float = 0.15, log: bool = False,
) -> EffectResult:  # fmt: skip
    """Test whether all coefficients of a regression changed at one unknown time, and date it.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a period, regular.
    outcome, time : str
        Columns, as for `interrupted_time_series`.
    regressors : sequence of str
        Columns whose coefficients may change beside the constant.
    lags : sequence of int
        Lags of the outcome taken as regressors, in periods; the first periods are used up by them.
    trend : bool
        Whether a linear trend is among the regressors.
    trim : float
        Share of the periods at each end where no break is looked for, between 0.05 and 0.45.
    log : bool
        Take the natural logarithm of the outcome first.

    Returns
    -------
    EffectResult
        ``sup_f``, the largest of the F statistics, each (RSS − ESS)/(ESS/(n − 2k)), with its p-value; ``settings``
        hold ``break_after`` (last period before the break) and ``first_after``; ``data`` every F statistic.

    Raises
    ------
    AnalysisError
        For data or choices that cannot be used.

    Notes
    -----
    **Estimand.** Whether one set of coefficients holds throughout, against two sets with one break.

    **Assumptions.** Errors of equal variance, at most first-order autoregressive, uncorrelated given the `lags`; at most
    one break.

    Without `lags`, the p-value is the larger of that of the limit (``limit_p_value``, for uncorrelated errors) and of one
    simulated for these regressors with the largest correlation that the two fits leave open (one-sided 95 %); how often
    it rejects without a break is measured in ``benchmarks/truth.py``. With `lags` it is that of the limit, withheld where
    the residuals of the two fits are correlated (Ljung–Box). Below 16 periods there is none.

    **Not for.** Naming the cause of a break; a start known beforehand (`interrupted_time_series`).

    Definition of F and of the date as in Zeileis, Leisch, Hornik and Kleiber (2002, Journal of Statistical Software 7(2)).
    The p-value is simulated from the limit of Andrews (1993, Econometrica 61, 821–856): 10,000 draws of 2,000 steps,
    fixed seed; the least that it can be is 1/10,001.
    """
    lags = [int(lags)] if isinstance(lags, Integral) else lags
    require(
        frame(data, "one row a period"), *columns_named(outcome=outcome, time=time), column_list("regressors", regressors),
        *flags(trend=trend, log=log), real("trim", trim, example=0.15),
        several("lags", lags, "whole numbers of periods"),
    )  # fmt: skip
    regressors = (regressors,) if isinstance(regressors, str) else tuple(regressors)
    named: dict[str, str | None] = {f"regressor {place}": name for place, name in enumerate(regressors, 1)}
    require_columns(data, named | {"outcome": outcome, "time": time})
    if not 0.05 <= trim <= 0.45:
        raise AnalysisError(f"trim is a share between 0.05 and 0.45, not {trim!r}")
    lags = tuple(lags)
    if any(whole("lags", lag, least=1, example=1) for lag in lags) or len(set(lags)) != len(lags):
        raise AnalysisError(f"lags are different whole numbers of at least 1, not {list(lags)!r}")
    limits: dict[str, float | None] = dict.fromkeys(regressors)
    series = read_series(data, outcome=outcome, time=time, start=None, extra=limits, missing="refuse", above=0.0 if log else None)
    axis = series.axis
    values = np.log(series.values) if log else series.values
    names, design, used = _regression(values, series.extra, lags, trend)
    require_rank(design, names)
    # On an orthonormal basis, since a regressor may vary by a millionth of its size.
    design = np.linalg.qr(design)[0]
    statistics, first = f_statistics(values[used:], design, trim)
    best = int(np.argmax(statistics))
    last_before = used + first + best - 1
    k, sup = design.shape[1], float(statistics[best])
    checks = (_correlation(values[used:], design, last_before + 1 - used, fixed=not lags),)
    reason = None if checks[0].passed or not lags else say("breaks.correlated")
    if len(design) < 2 * LEAST_SIDE:
        reason = say("breaks.few", least=number(2 * LEAST_SIDE, ref="constant:least_break"))
    limit, rho = sup_f_p_value(sup, k, trim), _upper_correlation(values[used:], design, last_before + 1 - used)
    p = None if reason else limit if lags else max(limit, correlated_p_value(sup, design, trim, rho))
    allowed = number(plain_value(rho), ref="result:rho_upper", places=2)
    how = say(
        "breaks.limit" if lags else "breaks.allowed",
        **({} if lags else {"rho": allowed, "p": p_node(limit, "limit_p_value")}),
        draws=number(DRAWS, ref="constant:draws"),
        trim=number(trim, ref="param:trim"),
    )
    labels = [axis.label(place) for place in range(used, axis.length)]
    table = pd.DataFrame({"period": labels, "f_statistic": np.nan})
    table.loc[first - 1 : first + len(statistics) - 2, "f_statistic"] = statistics
    estimate = Estimate("sup_f", say("breaks.sup_f"), sup, statistic=sup, p_value=p, unit="F", withheld=reason, places=2)
    settings = {"break_after": axis.label(last_before), "first_after": axis.label(last_before + 1)}
    simulated = bool(data.attrs.get("simulated", False))
    lines = {"observed": series.values.tolist(), "fitted": _two_fits(values, design, used, last_before, log)}
    periods, unit = [axis.label(place) for place in series.places], str(data.attrs.get("unit", ""))
    plot = series_block("break", outcome, periods, lines, last_before + 1, simulated=simulated, unit=unit)
    return EffectResult(
        method="structural_break",
        design="series",
        estimand=say("breaks.estimand", outcome=own_label(outcome)),
        estimates=(estimate,),
        counts={"observations": len(design), "before": last_before + 1 - used, "after": axis.length - last_before - 1},
        settings=settings | {"trim": trim, "coefficients": k, "limit_p_value": limit} | ({} if lags else {"rho_upper": rho}),
        assumptions=(say("breaks.assume_errors"), say("breaks.assume_one")),
        notes=(
            say("breaks.dated", before=_period("break_after", settings), after=_period("first_after", settings)),
            how,
            say("breaks.cause"),
        ),
        checks=checks,
        data=table,
        plots=(plot,),
        simulated=simulated,
    )


def _regression(
    values: Floats, extra: dict[str, Floats], lags: Sequence[int], trend: bool
) -> tuple[tuple[str, ...], Floats, int]:
    """Names and columns of the regression, and the number of periods that the lags use up."""
    used, n = max(lags, default=0), len(values)
    if used >= n - 4:
        raise AnalysisError(f"lags of {used} periods leave too few of {n}; use shorter ones or a longer series")
    columns = {"const": np.ones(n - used)} | ({"trend": np.arange(n - used) / n} if trend else {})
    columns |= {f"lag_{lag}": values[used - lag : n - lag] for lag in lags}
    columns |= {f"column {name}": column[used:] for name, column in extra.items()}
    return tuple(columns), np.column_stack(list(columns.values())), used


def f_statistics(y: Floats, design: Floats, trim: float) -> tuple[Floats, int]:
    """F statistics of a break after each candidate, and how many rows lie before the first."""
    n, k = design.shape
    first, last = _candidates(n, k, trim)
    if last < first:
        raise AnalysisError(f"{n} periods with {k} coefficients leave no candidate for a break; leave out regressors or lags")
    whole = _rss(y, design)
    found = []
    for split in range(first, last + 1):
        parts = _rss(y[:split], design[:split]) + _rss(y[split:], design[split:])
        if parts <= 1e-20 * max(float(y @ y), 1e-300):
            raise AnalysisError("two sets of coefficients fit every period exactly, so there is no variation to test against")
        found.append((whole - parts) / (parts / (n - 2 * k)))
    return np.array(found), first


def _candidates(n: int, k: int, trim: float) -> tuple[int, int]:
    """Rows before the first and the last candidate."""
    return max(int(np.floor(trim * n)), k + 1), min(n - int(np.floor(trim * n)), n - k - 1)


def _rss(y: Floats, design: Floats) -> float:
    basis = _basis(design)
    residuals = y - basis @ (basis.T @ y)
    return float(residuals @ residuals)


def _basis(design: Floats) -> Floats:
    """Orthonormal columns of a regression; a regressor that is constant on one side of a split adds none there."""
    basis, sizes, _ = np.linalg.svd(design, full_matrices=False)
    return np.asarray(basis[:, sizes > 1e-10 * sizes[0]])


@cache
def _limit_draws(k: int, trim: float) -> Floats:
    """Sorted draws of the largest normalised squared Brownian bridge in k dimensions over the trimmed range."""
    rng = np.random.default_rng(SEED)
    share = np.arange(1, STEPS + 1) / STEPS
    inside = (share >= trim) & (share <= 1 - trim)
    scale = (share * (1 - share))[inside]
    found = np.empty(DRAWS)
    for begin in range(0, DRAWS, _BLOCK):
        total = np.zeros((_BLOCK, int(inside.sum())))
        for _ in range(k):
            walk = np.cumsum(rng.standard_normal((_BLOCK, STEPS)), axis=1) / np.sqrt(STEPS)
            total += (walk[:, inside] - share[inside] * walk[:, -1:]) ** 2
        found[begin : begin + _BLOCK] = (total / scale).max(axis=1)
    return np.sort(found)


def sup_f_p_value(statistic: float, k: int, trim: float) -> float:
    """Share of draws of the limit that reach the statistic (one draw counts as reaching it)."""
    draws = _limit_draws(k, float(trim))
    return (1 + len(draws) - int(np.searchsorted(draws, statistic, side="left"))) / (1 + len(draws))


def _upper_correlation(y: Floats, design: Floats, split: int) -> float:
    """Largest correlation of neighbouring errors that the two fits leave open."""
    apart = np.zeros((len(y), 2 * design.shape[1]))
    apart[:split, : design.shape[1]], apart[split:, design.shape[1] :] = design[:split], design[split:]
    apart, when = _basis(apart), np.arange(len(y))
    return upper_rho(apart, when, reml_rho(y, apart, np.diff(when)))


def correlated_p_value(statistic: float, design: Floats, trim: float, rho: float) -> float:
    """Share of series without a break, with these regressors and AR(1) errors, whose largest F reaches the statistic."""
    (n, k), draws = design.shape, FINITE_DRAWS
    noise = ar1_noise(n, draws, rho, np.ones(n - 1, dtype=np.int64), SEED)
    first, last = _candidates(n, k, trim)
    total, largest = (noise**2).sum(axis=0), np.zeros(draws)
    whole = total - _explained(noise, design)
    for split in range(first, last + 1):
        parts = total - _explained(noise[:split], design[:split]) - _explained(noise[split:], design[split:])
        largest = np.maximum(largest, (whole - parts) / (parts / (n - 2 * k)))
    return (1 + int((largest >= statistic).sum())) / (1 + draws)


def _explained(y: Floats, design: Floats) -> Floats:
    """Sum of squares of each series that the regression explains."""
    return np.asarray(((_basis(design).T @ y) ** 2).sum(axis=0))


def _period(name: str, settings: dict[str, Any]) -> Any:
    """A period in words: a year is a number that leads to its cell, a month is a date."""
    label = str(settings[name])
    return number(label, ref=f"result:{name}") if label.isdecimal() else label


def _two_fits(values: Floats, design: Floats, used: int, last_before: int, log: bool) -> list[float]:
    split = last_before + 1 - used
    fitted = np.full(len(values), np.nan)
    for rows in (slice(0, split), slice(split, len(design))):
        y = values[used:][rows]
        fitted[used:][rows] = design[rows] @ np.linalg.lstsq(design[rows], y, rcond=1e-10)[0]
    return [float(value) for value in (np.exp(fitted) if log else fitted)]


def _correlation(y: Floats, design: Floats, split: int, *, fixed: bool) -> CheckResult:
    """Ljung–Box test of the residuals of the two fits: correlated errors make the p-value of the break too small."""
    from scipy.linalg import block_diag, orth

    sides = (slice(0, split), slice(split, len(y)))
    parts = [y[side] - design[side] @ np.linalg.lstsq(design[side], y[side], rcond=1e-10)[0] for side in sides]
    basis = block_diag(*(orth(design[side], rcond=1e-10) for side in sides))
    return ljung_box(np.concatenate(parts), max(min(10, len(y) // 5), 1), basis=basis if fixed else None)
