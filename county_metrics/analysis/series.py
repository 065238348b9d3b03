"""Interrupted time series: what changed in the level and the slope of a regular series when something began."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from county_metrics.analysis.arguments import columns as columns_named
from county_metrics.analysis.arguments import flags, frame, share, whole
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.effect import (
    AnalysisError,
    EffectResult,
    Estimate,
    effect_number,
    fitting_places,
    own_label,
    plain_value,
)
from county_metrics.analysis.series_data import Floats, Missing, Segments
from county_metrics.analysis.series_errors import DISTANCE, LEAST_LIKELY, TAKEN
from county_metrics.analysis.series_fit import Fit
from county_metrics.analysis.series_gate import NOMINAL, Gate, Reasons, gate_of
from county_metrics.analysis.series_model import (
    FULL_SIDE,
    LEAST_SIDE,
    Errors,
    Method,
    Model,
    columns,
    directions,
    informed,
    lags_of,
    model_of,
    offset_of,
    read,
    settle,
    solve,
)
from county_metrics.present.number import number
from county_metrics.present.series_plot import series_block
from county_metrics.present.wording import say


def interrupted_time_series(
    data: pd.DataFrame, *, outcome: str, time: str, intervention_time: Any, method: Method = "auto", errors: Errors = "auto",
    season: int | Literal["auto", "dummies"] | None = None, season_length: int | None = None, trend: bool = True,
    slope: bool = True, phase_in: int = 0, count_from: int = 0, window: int | None = None, horizon: int | None = None,
    log: bool = False, covariates: Sequence[str] = (), exposure: str | None = None, offset: str | None = None,
    weights: str | None = None, hac_lags: int | None = None, order: tuple[int, int, int] = (1, 0, 0),
    seasonal_order: tuple[int, int, int, int] = (0, 0, 0, 0), use_t: bool = True, level: float = 0.95,
    missing: Missing = "refuse",
) -> EffectResult:  # fmt: skip
    """Change in level and slope of a regular series at a known time.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a period, regular, without gaps.
    outcome, time : str
        Columns: a number; a period as text (``2014``, ``2014Q1``, ``2014-02``, a date), date, Period or whole number.
    intervention_time : period
        First period after the start, itself included.
    method : {"auto", "arma", "ar1", "ols", "arima", "poisson", "negative_binomial"}
        ``auto`` is ``arma``: errors ARMA(1,1) by REML, the standard error 0.82 times the largest over all pairs of their
        coefficients with at least 0.4 of the greatest likelihood, the variance raised by 5 times the squared distance of the
        estimate under that pair, and not below that of the likeliest (autoregression from −0.9 to 0.98; twice the first
        correlation less it within ±0.98). ``ar1``: AR(1) by REML, to compare with fits elsewhere; without intervals.
    errors : {"auto", "ar1", "hac", "classical", "quasi", "model"}
        ``ols``: Newey–West (default) or classical; ``poisson``: for a latent AR(1) factor of the mean
        (``ar1``, default; the coefficients stay those of maximum likelihood), scaled by the dispersion (``quasi``),
        Newey–West, or the Poisson's own; ``negative_binomial``: its own (default) or Newey–West.
    season : int, "dummies" or "auto", optional
        Number of harmonic pairs, or a dummy a season; ``auto``: two pairs where two full cycles come before, else none. With
        counts, a dummy for a season without events has no estimate, and these periods bear on nothing else.
    season_length : int, optional
        Periods a cycle; known for months, quarters, weeks and days (7).
    trend, slope : bool
        Whether there is a trend, and whether its slope may change.
    phase_in : int
        Periods from the start on that are left out; level and slope then count from the first one after them.
    count_from : int
        Value of the time since the start in its first period: 0 makes the level change that of the first period.
    window : int, optional
        Periods used on each side.
    horizon : int, optional
        Periods after the first at which the fit is compared with the continued trend; the last one if not given.
    log : bool
        Model the logarithm of the outcome, divided by `exposure` if given. Not for small counts: where more than a fifth
        of their variance is that of a Poisson, no interval is given; take ``method="poisson"``.
    covariates : sequence of str
        Further columns of the regression.
    exposure, offset, weights : str, optional
        Columns: population at risk (its logarithm has coefficient one); the same already on the log scale; weights.
    hac_lags : int, optional
        Newey–West lags; floor(4 (n/100)^(2/9)) if not given.
    order, seasonal_order : tuple of int
        Of the ARIMA errors, whose intervals are withheld.
    use_t : bool
        t quantiles; False takes normal ones where errors are not autoregressive.
    level : float
        Confidence of the intervals.
    missing : {"refuse", "drop"}
        What to do with periods where a value is missing; those left out are counted.

    Returns
    -------
    EffectResult
        Terms ``level_change``, ``slope_change``, ``trend``, ``difference_at_horizon``; on a log scale ``ratio`` first
        and ``percent_change``, ``slope_ratio``, ``trend_ratio``, ``ratio_at_horizon`` besides.

    Raises
    ------
    AnalysisError
        For data or choices that cannot be used; the text lists them.
    DesignError
        If the table declares a design that has no series.

    Notes
    -----
    **Estimand.** Difference between the level in the first period after the start and the level that the earlier trend
    gives for it; likewise of the slopes.

    **Assumptions.** Without the start, trend and season would have gone on unchanged; nothing else changed at that time;
    the way of measuring is the same; errors are correlated only as the method says.

    **Not for.** Fewer than 8 periods on a side (described only); a start chosen by looking at the series
    (`structural_break`); a claim of an effect, which needs a comparison series (`controlled_time_series`).

    Intervals: below 24 periods on the shorter side only ``auto``, and ``poisson`` with ``ar1``, bear them; ``ar1`` of a
    measure and ``arima`` never do. Others are given where their coverage is at least 0.92, simulated for the design at hand
    with the largest correlation that the series leaves open (one-sided 95 %), among draws whose residuals look as correlated
    as the series' own. ``benchmarks/truth.py`` measures all of them, also with errors as slow as a short series cannot show.

    Examples
    --------
    >>> days = [30, 31, 29, 32, 30, 31, 30, 29, 31, 30, 20, 21, 19, 20, 22, 20, 21, 19, 20, 21]
    >>> table = pd.DataFrame({"month": pd.period_range("2013-04", periods=20, freq="M"), "days": days})
    >>> found = interrupted_time_series(table, outcome="days", time="month", intervention_time="2014-02", slope=False)
    >>> round(found.estimate, 1), found["level_change"].p_value < 0.001
    (-9.8, True)
    """
    model = model_of(
        *asked(data, level, horizon, use_t, time=time), outcome=outcome, method=method, errors=errors, season=season,
        season_length=season_length, trend=trend, slope=slope, phase_in=phase_in, count_from=count_from, window=window, log=log,
        covariates=covariates, exposure=exposure, offset=offset, weights=weights, hac_lags=hac_lags, order=order,
        seasonal_order=seasonal_order,
    )  # fmt: skip
    series = read(data, model, time, intervention_time, missing)
    return analyse(series, model, horizon=horizon, use_t=use_t, level=level, attrs=data.attrs)


def asked(data: Any, level: Any, horizon: Any, use_t: Any, **columns: Any) -> list[str]:
    """Problems of what every analysis of a series is asked for beside its model."""
    found = [frame(data, "one row a period"), *columns_named(**columns), share("level", level), *flags(use_t=use_t)]
    return [*found, whole("horizon", horizon, least=0, example=12, optional=True)]


def analyse(
    series: Segments, model: Model, *, horizon: int | None, use_t: bool, level: float, attrs: Any, design: str = "series"
) -> EffectResult:
    """Fit, withhold what may not be given, and put the result together."""
    model, no_season = settle(series, model)
    before, after = series.sides()
    if min(before, after) < 1 + model.trend + model.slope:
        raise AnalysisError(
            f"{before} periods before and {after} after remain; each side needs at least {1 + model.trend + model.slope}"
        )
    if model.errors == "hac" and model.hac_lags is not None and min(before, after) < FULL_SIDE:
        raise AnalysisError(
            f"Newey–West errors need {FULL_SIDE} periods on each side ({before} before, {after} after): with fewer and usual "
            "lags, 95 % intervals hold the truth in 49 to 88 of 100 simulated series. Use method='auto', made for short series"
        )
    last = int(np.flatnonzero(series.kept)[-1]) - series.start - model.phase_in
    series = informed(series, model)
    fit, (before, after) = solve(series, model), series.sides()
    if horizon is not None and not 0 <= horizon <= last:
        raise AnalysisError(f"horizon is between 0 and {last}, the last period after the start, not {horizon!r}")
    reach = last if horizon is None else horizon
    terms = directions(fit, model, reach)
    gate = gate_of(series, model, fit, terms, use_t)
    estimates = estimates_of(fit, model, terms, gate.reasons, level, use_t, str(attrs.get("unit", "")))
    table = behind_plot(series, model, fit)
    checks = (autocorrelation_check(fit, series, model),) if min(before, after) >= LEAST_SIDE and not fit.exact else ()
    simulated = bool(attrs.get("simulated", False))
    settings = {"method": model.method, "errors": model.errors, "rho": fit.rho, "horizon": reach} | fit.settings
    settings |= {"hac_lags": lags_of(series, model)} if model.errors == "hac" else {}
    settings |= gate.found
    kind, start = "ratio" if model.logarithmic else "level", series.axis.label(series.start)
    return EffectResult(
        method="interrupted_time_series" if design == "series" else "controlled_time_series", design=design,
        estimand=say(f"series.estimand_{kind}", outcome=own_label(model.outcome), start=start), estimates=estimates,
        counts={"observations": before + after, "before": before, "after": after}, settings=settings,
        assumptions=tuple(say(f"series.assume_{name}") for name in ("trend", "nothing_else", "measured")),
        notes=(*notes_of(series, model, fit, gate, no_season, reach), say(f"series_note.{design}")), checks=checks, data=table,
        plots=(plot_of(table, model, series, attrs),), level=level, simulated=simulated,
    )  # fmt: skip


_NEAR_ONE, _HIDDEN = 0.95, 0.2
_RATIOS = {"level_change": "ratio", "slope_change": "slope_ratio", "trend": "trend_ratio"}
_RATIOS["difference_at_horizon"] = "ratio_at_horizon"


def estimates_of(
    fit: Fit, model: Model, terms: dict[str, Floats], reasons: Reasons, level: float, use_t: bool, unit: str
) -> tuple[Estimate, ...]:
    """Estimates with what may be given of their uncertainty; ratios first on a log scale."""
    from scipy import stats

    found, ratios = [], []
    for term, direction in terms.items():
        value, error, freedom = fit.contrast(direction)
        freedom = freedom if use_t or model.correlated else np.inf
        reason, bare = reasons.get(term, (None, False))
        kept: dict[str, Any] = {"withheld": reason}
        ends: dict[str, float] = {}
        if reason is None:
            half = float(stats.t.ppf((1 + level) / 2, freedom)) * error
            kept |= {"statistic": value / error, "p_value": float(2 * stats.t.sf(abs(value / error), freedom))}
            ends = {"conf_low": value - half, "conf_high": value + half}
        given: dict[str, Any] = {**kept, **ends, "std_error": None if bare else error, "places": fitting_places(value, error)}
        name = term.removeprefix("covariate_")
        label = say(f"series_term.{term}") if name == term else own_label(model.covariates[int(name) - 1])
        label = say("series_term.on_log", what=label) if model.logarithmic else label
        found.append(Estimate(term, label, value, unit="log" if model.logarithmic else unit, **given))
        if model.logarithmic and term in _RATIOS:
            moved: dict[str, Any] = {**kept, **{end: float(np.exp(edge)) for end, edge in ends.items()}}
            ratios.append(
                Estimate(_RATIOS[term], say(f"series_term.{_RATIOS[term]}"), float(np.exp(value)), unit="ratio", **moved)
            )
        if model.logarithmic and term == "level_change":
            moved = {**kept, **{end: 100 * float(np.expm1(edge)) for end, edge in ends.items()}}
            percent = 100 * float(np.expm1(value))
            ratios.append(Estimate("percent_change", say("series_term.percent_change"), percent, unit="%", places=1, **moved))
    return (*ratios, *found)


def behind_plot(series: Segments, model: Model, fit: Fit) -> pd.DataFrame:
    """Observed, fitted and continued values by period, in the units of the outcome."""
    kept, table = series.kept, columns(series, model)
    moved = [name for name in fit.names if name in ("level_change", "slope_change")]
    change = sum((table[name] * fit.params[fit.names.index(name)] for name in moved), np.zeros(series.axis.length))
    shift = offset_of(series, model) if model.log else np.zeros(series.axis.length)
    fitted = np.full(series.axis.length, np.nan)
    fitted[kept] = fit.fitted + shift[kept]
    after = series.places >= series.start
    without = np.where(after, fitted - change, np.nan)
    back = np.exp if model.logarithmic else np.asarray
    labels = [series.axis.label(place) for place in series.places]
    values = {"observed": series.values, "fitted": back(fitted), "counterfactual": back(without)}
    return pd.DataFrame({"period": labels, **values, "after": after, "used": kept})


def plot_of(table: pd.DataFrame, model: Model, series: Segments, attrs: Any) -> dict[str, Any]:
    """Plot block of a fit."""
    lines = {name: table[name].tolist() for name in ("observed", "fitted", "counterfactual")}
    end, unit = series.start + model.phase_in, str(attrs.get("unit", ""))
    stamp = bool(attrs.get("simulated", False))
    return series_block(
        "interrupted", model.outcome, table["period"].tolist(), lines, series.start, end=end, simulated=stamp, unit=unit
    )


def p_node(p: float, name: str) -> dict[str, Any]:
    """A p-value as a number node, or as below the least that is shown."""
    return effect_number(Estimate(name, {}, p, p_value=p), "p_value")


def autocorrelation_check(fit: Fit, series: Segments, model: Model) -> CheckResult:
    """Ljung–Box test of the residuals, allowing for what the fit has taken."""
    lags = max(min(2 * (model.season_length or 5), len(fit.residuals) // 5), fit.n_dynamics + 1)
    return ljung_box(fit.residuals, lags, fit.n_dynamics, fit.basis)


def inflation(basis: Floats, lags: int) -> float:
    """Mean of a Ljung–Box statistic of independent normal errors after regression on a fixed basis, over that without.

    Regression leaves residuals correlated: with dummies of twelve months the test would find in a fifth of series what is
    not there. The mean is exact, as ratios of quadratic forms to the sum of squares do not hang on it.
    """
    (n, k), total = basis.shape, 0.0
    for lag in range(1, lags + 1):
        moved = np.zeros_like(basis)
        moved[lag:] += basis[:-lag] / 2
        moved[:-lag] += basis[lag:] / 2
        inner = basis.T @ moved
        squares = (n - lag) / 2 - 2 * np.square(moved).sum() + np.square(inner).sum()
        total += float(np.trace(inner) ** 2 + 2 * squares) / (n - lag)
    return float(n * (n + 2) * total / ((n - k) * (n - k + 2)) / lags)


def ljung_box(residuals: Floats, lags: int, dynamics: int = 0, basis: Floats | None = None) -> CheckResult:
    """Ljung–Box test of residuals of a regression on an orthonormal basis."""
    from scipy import stats
    from statsmodels.stats.diagnostic import acorr_ljungbox

    statistic = float(acorr_ljungbox(residuals, lags=[lags])["lb_stat"].iloc[0])
    name, share = ("text", 1.0) if basis is None else ("taken", inflation(basis, lags))
    p = float(stats.chi2.sf(statistic / share, lags - dynamics))
    shown = {"lags": number(lags, ref="result:ljung_box_lags"), "p": p_node(p, "ljung_box")}
    text = say(f"series_check.autocorrelation_{name}", **shown)
    return CheckResult("autocorrelation", p >= 0.05, say("series_check.autocorrelation"), text)


def notes_of(series: Segments, model: Model, fit: Fit, gate: Gate, no_season: bool, reach: int) -> list[dict[str, Any]]:
    """What a reader must know of this fit."""
    bare = min(series.sides()) < LEAST_SIDE or fit.exact
    found = {"rho": fit.rho} | {name: fit.settings[name] for name in ("theta", "neighbours") if name in fit.settings}
    slots = {name: number(plain_value(value), ref=f"result:{name}", places=2) for name, value in found.items()}
    rule = {"likely": number(plain_value(LEAST_LIKELY), ref="constant:likely", places=1)}
    rule["distance"] = number(DISTANCE, ref="constant:distance")
    rule["taken"] = number(plain_value(TAKEN), ref="constant:taken", places=2)
    notes = [] if bare else [say(f"series_note.{model.method}_{model.errors}", **(rule if model.method == "arma" else {}))]
    if not bare and not (model.method == "arima" and (model.order[1] or model.seasonal_order[1])):
        kind = "rho_theta" if "theta" in slots else "factor" if model.counts and model.errors == "ar1" else "rho"
        notes += [say(f"series_note.{kind}", **slots)] if kind != "factor" or fit.rho else []
    if fit.rho >= _NEAR_ONE and fit.settings.get("neighbours", 0) >= _HIDDEN and not gate.reasons:
        notes.append(say("series_note.wanders", rho=number(plain_value(fit.rho), ref="result:rho", places=2)))
    if "coverage" in gate.found:
        notes.append(say("series_note.coverage", level=NOMINAL, **gate.shown()))
    if LEAST_SIDE <= min(series.sides()) < FULL_SIDE:
        notes.append(say("series_note.low_power", full=number(FULL_SIDE, ref="constant:full_side")))
    absent = int(np.isnan(series.values).sum())
    left: NDArray[np.bool_] = ~series.kept & ~np.isnan(series.values)
    notes += [say("series_note.missing", count=number(absent, ref="result:missing"))] if absent else []
    others = int(left.sum()) - series.apart
    notes += [say("series_note.left_out", count=number(others, ref="result:left_out"))] if others else []
    notes += [say("series_note.apart", count=number(series.apart, ref="result:apart"))] if series.apart else []
    notes += [] if series.was_sorted else [say("series_note.sorted")]
    notes += [say("series_note.no_season")] if no_season else []
    notes += [say("series_note.season")] if model.season else []
    notes += [say("series_note.horizon", horizon=number(reach, ref="result:horizon"))] if model.slope else []
    return notes
