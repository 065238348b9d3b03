"""The choices of a segmented regression, checked and fitted."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Integral
from typing import Any, Literal

import numpy as np
import pandas as pd

from county_metrics.analysis import series_fit
from county_metrics.analysis.arguments import choice, column_list, flags, require, whole
from county_metrics.analysis.arguments import columns as columns_named
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.series_counts import apart_of, fit_counts
from county_metrics.analysis.series_data import SEASONS, Floats, Missing, Segments, read_series, require_columns, season_columns
from county_metrics.analysis.series_errors import flat
from county_metrics.analysis.series_fit import Fit
from county_metrics.errors import nearest

Method = Literal["auto", "arma", "ar1", "ols", "arima", "poisson", "negative_binomial"]
Errors = Literal["auto", "ar1", "hac", "classical", "quasi", "model"]
COUNTS = ("poisson", "negative_binomial")
_ERRORS = {
    "auto": ("model",), "arma": ("model",), "ar1": ("model",), "ols": ("hac", "classical"), "arima": ("model",),
    "poisson": ("ar1", "quasi", "hac", "model"), "negative_binomial": ("model", "hac"),
}  # fmt: skip
_SEASON = "season is 'auto', 'dummies' or a number of harmonic pairs up to half the cycle, not {!r}"
LEAST_SIDE, FULL_SIDE, LEAST_CYCLES, MOST_RATIO = 8, 24, 2, 1e12


@dataclass(frozen=True)
class Model:
    """The choices of one segmented regression; parameters as for `interrupted_time_series`."""

    outcome: str
    method: str = "auto"
    errors: str = "auto"
    season: int | str | None = None
    season_length: int | None = None
    trend: bool = True
    slope: bool = True
    phase_in: int = 0
    count_from: int = 0
    window: int | None = None
    log: bool = False
    covariates: tuple[str, ...] = ()
    exposure: str | None = None
    offset: str | None = None
    weights: str | None = None
    hac_lags: int | None = None
    order: tuple[int, int, int] = (1, 0, 0)
    seasonal_order: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def counts(self) -> bool:
        """Whether the outcome is modelled as a count."""
        return self.method in COUNTS

    @property
    def logarithmic(self) -> bool:
        """Whether coefficients are differences of logarithms."""
        return self.log or self.counts

    @property
    def correlated(self) -> bool:
        """Whether the errors are autoregressive, by restricted likelihood."""
        return self.method in ("auto", "arma", "ar1") or self.errors == "ar1"

    def require(self) -> None:
        """Refuse choices that are unknown or do not go together."""
        wrong = []
        if self.errors not in _ERRORS[self.method]:
            wrong.append(f"method {self.method!r} has no errors {self.errors!r}; allowed: {', '.join(_ERRORS[self.method])}")
        if self.log and self.counts:
            wrong.append(
                "log=True takes the logarithm of a measure; counts are modelled on the log scale already, so leave it out"
            )
        if (self.exposure or self.offset) and not self.logarithmic:
            wrong.append(
                "exposure and offset belong to counts or to log=True; divide the outcome yourself, or choose method='poisson'"
            )
        if self.hac_lags is not None and (self.errors != "hac" or self.hac_lags < 0):
            wrong.append("hac_lags is a whole number of at least 0 and belongs to method='ols' or errors='hac'")
        if min(self.phase_in, self.count_from) < 0 or (self.window is not None and self.window < 1):
            wrong.append("phase_in and count_from are at least 0, window at least 1")
        if self.exposure and self.offset:
            wrong.append("exposure and offset are the same on two scales; give one of them")
        if self.outcome in (*self.covariates, self.exposure, self.offset, self.weights):
            wrong.append(f"the outcome {self.outcome!r} cannot be a covariate, exposure, offset or weight of itself")
        if self.method == "arima" and self.weights:
            wrong.append("weights do not go with method='arima'; use method='auto'")
        if self.seasonal_order[1] and self.season:
            wrong.append("seasonal differences take the season out; leave season out")
        if wrong:
            raise AnalysisError("\n".join(wrong))


def model_of(*problems: str, **choices: Any) -> Model:
    """The model of some choices, its errors settled; problems found before are raised with those of the choices."""
    require(*problems, *_unfit(choices))
    given = choices.get("covariates", ())
    plain = {name: int(value) if isinstance(value, Integral) else value for name, value in choices.items()}
    model = Model(**plain | {"covariates": (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))})
    if model.errors == "auto":
        model = replace(model, errors=_ERRORS[model.method][0])
    model.require()
    return model


def _unfit(choices: dict[str, Any]) -> list[str]:
    """Problem of each choice that has no such name or is of a wrong kind."""
    allowed = [field.name for field in fields(Model)]
    names = ("outcome", *(name for name in ("exposure", "offset", "weights") if choices.get(name) is not None))
    wrong = [f"there is no choice {name!r}; {nearest(name, allowed)}" for name in choices if name not in allowed]
    wrong += [each for name in names for each in columns_named(optional=False, **{name: choices.get(name)})]
    wrong += flags(**{name: choices[name] for name in ("trend", "slope", "log") if name in choices})
    for name, literal in (("method", Method), ("errors", Errors)):
        wrong.append(choice(name, choices.get(name, "auto"), literal))
    for name, least, example in (("phase_in", 0, 2), ("count_from", 0, 1)):
        wrong.append(whole(name, choices.get(name, 0), least=least, example=example))
    for name, least, example in (("season_length", 2, 12), ("window", 1, 24), ("hac_lags", 0, 3)):
        wrong.append(whole(name, choices.get(name), least=least, example=example, optional=True))
    for name, size in (("order", 3), ("seasonal_order", 4)):
        wrong.append(_orders(name, choices.get(name, (0,) * size), size))
    season = choices.get("season")
    if not isinstance(season, str | None) and whole("season", season, example=2):
        wrong.append(_SEASON.format(season))
    return [*wrong, column_list("covariates", choices.get("covariates", ()))]


def _orders(name: str, value: Any, size: int) -> str:
    right = (
        isinstance(value, tuple | list) and len(value) == size and not any(whole("", each, least=0, example=1) for each in value)
    )
    return "" if right else f"{name} is {size} whole numbers of at least 0, such as {(1, 0, 0, 12)[:size]}, not {value!r}"


def read(data: pd.DataFrame, model: Model, time: str, start: Any, missing: Missing) -> Segments:
    """The series of a model, with the periods it uses."""
    names = {"outcome": model.outcome, "time": time, "exposure": model.exposure, "offset": model.offset, "weights": model.weights}
    require_columns(data, names | {f"covariate {place}": name for place, name in enumerate(model.covariates, 1)})
    if start is None:
        raise AnalysisError("intervention_time names no period; give the first one after the start")
    extra: dict[str, float | None] = {name: None for name in (*model.covariates, model.offset) if name}
    extra |= {name: 0.0 for name in (model.exposure, model.weights) if name}
    limit = 0.0 if model.log else -1e-300 if model.counts else None
    series = read_series(data, outcome=model.outcome, time=time, start=start, extra=extra, missing=missing, above=limit)
    return restrict(series, model)


def restrict(series: Segments, model: Model) -> Segments:
    """Leave out the phase-in and what lies outside the window."""
    after = series.places - series.start
    kept = series.kept & ~((after >= 0) & (after < model.phase_in))
    if model.window is not None:
        kept &= (after >= -model.window) & (after < model.phase_in + model.window)
    return replace(series, kept=kept)


def settle(series: Segments, model: Model) -> tuple[Model, bool]:
    """The model with its method and number of harmonic pairs, and whether an automatic season was left out."""
    if model.method == "auto":
        model = replace(model, method="arma")
    if model.hac_lags is not None and model.hac_lags >= (periods := int(series.kept.sum())) > 0:
        raise AnalysisError(f"hac_lags must be below the number of periods, {periods}; it is {model.hac_lags}")
    if model.season is None:
        return model, False
    before, axis = series.sides()[0], series.axis
    length = model.season_length or (SEASONS.get(axis.freq or "") if axis.step == 1 else None)
    enough = length is not None and before >= LEAST_CYCLES * length
    if model.season == "auto":
        known = length is not None and enough
        return replace(model, season=min(2, (length or 0) // 2) if known else None, season_length=length), not known
    if model.season != "dummies" and not (type(model.season) is int and 1 <= model.season <= (length or 99) // 2):
        raise AnalysisError(_SEASON.format(model.season))
    if length is None:
        raise AnalysisError("these periods have no known cycle; say season_length, the number of periods in one")
    if not enough:
        raise AnalysisError(
            f"a season of {length} periods needs {LEAST_CYCLES} full cycles before the start, {LEAST_CYCLES * length} periods; "
            f"there are {before}. Leave season out, or use a longer series"
        )
    return replace(model, season_length=length), False


def columns(series: Segments, model: Model) -> dict[str, Floats]:
    """Columns of the regression over all periods of the axis."""
    since = series.places - (series.start + model.phase_in)
    after = (series.places >= series.start).astype(float)
    found = {"const": np.ones(series.axis.length)}
    found |= {"trend": since.astype(float)} if model.trend else {}
    found["level_change"] = after
    found |= {"slope_change": after * (since + model.count_from)} if model.slope else {}
    if model.season is not None and model.season_length:
        found |= season_columns(series.axis, model.season, model.season_length, series.kept)
    return found | {f"column {name}": series.extra[name] for name in model.covariates}


def lags_of(series: Segments, model: Model) -> int:
    """Newey–West lags that are used."""
    return series_fit.newey_west_lags(int(series.kept.sum())) if model.hac_lags is None else model.hac_lags


def offset_of(series: Segments, model: Model) -> Floats:
    """What is added to the linear predictor over all periods."""
    shift = np.log(series.extra[model.exposure]) if model.exposure else np.zeros(series.axis.length)
    return shift + (series.extra[model.offset] if model.offset else 0.0)


def bearing(series: Segments, model: Model) -> tuple[tuple[str, ...], Floats]:
    """Names and columns of the regression over all periods, where those kept can bear them."""
    table = columns(series, model)
    names, design = tuple(table), np.column_stack(list(table.values()))
    series_fit.require_rank(design[series.kept], names)
    return names, design


def informed(series: Segments, model: Model) -> Segments:
    """Without the counts of 0 whose mean a season drives to 0 without end; nothing is learnt from them."""
    kept = series.kept
    if not model.counts or series.values[kept].all():
        return series
    sums = [series.values[kept & (side == (series.places >= series.start))].sum() for side in (False, True)]
    if not all(sums):
        where = "before" if not sums[0] else "after"
        raise AnalysisError(f"every count {where} the start is 0, so no ratio of levels exists; use method='auto'")
    names, design = bearing(series, model)
    apart = np.zeros(len(kept), dtype=bool)
    apart[kept] = apart_of(series.values[kept], design[kept], names)
    return replace(series, kept=kept & ~apart, apart=series.apart + int(apart.sum()))


def solve(series: Segments, model: Model, *, alone: bool = False) -> Fit:
    """Fit the model to the periods kept; `alone` spares the errors that take time, for the coefficients."""
    series = informed(series, model)
    (names, design), kept, when = bearing(series, model), series.kept, series.places[series.kept]
    weights = series.extra[model.weights][kept] if model.weights else None
    if weights is not None and weights.max() > MOST_RATIO * weights.min():
        raise AnalysisError(f"column {model.weights!r}: the largest weight is over {MOST_RATIO:g} times the smallest")
    # On an orthonormal basis, since a covariate may vary by a millionth of its size.
    basis, turn = np.linalg.qr(design[kept])
    back = np.linalg.inv(turn)
    shift = offset_of(series, model)
    if model.offset and np.abs(shift[kept]).max() > 50:
        raise AnalysisError(f"offset {model.offset!r} is on the log scale; give a population as exposure, which takes its log")
    if model.counts:
        y, lags = series.values[kept], lags_of(series, model)
        fit = fit_counts(y, basis, when, names, model.method, model.errors, lags, shift[kept], weights)
        return fit.turned(back)
    y = np.log(series.values) - shift if model.log else series.values
    weights = None if weights is None else weights / weights.mean()
    few = min(series.sides()) < LEAST_SIDE
    exact = flat(y[kept] - basis @ (basis.T @ y[kept]), y[kept], series.height)
    if model.method == "arima" and not few and not exact:
        return series_fit.fit_arima(np.where(kept, y, np.nan), design, names, model.order, model.seasonal_order)
    if model.correlated and not few and not exact:
        fit = series_fit.fit_arma(y[kept], basis, when, names, weights, ar1=model.method == "ar1", alone=alone)
        return fit.turned(back)
    errors = "classical" if few else model.errors
    fit = series_fit.fit_ols(y[kept], basis, when, names, errors, lags_of(series, model), weights)
    return replace(fit.turned(back), height=series.height)


def directions(fit: Fit, model: Model, horizon: int) -> dict[str, Floats]:
    """Combinations of the coefficients that are reported, by term."""
    place = {name: number for number, name in enumerate(fit.names)}
    unit = np.eye(len(fit.names))
    found: dict[str, Floats] = {name: unit[place[name]] for name in ("level_change", "slope_change", "trend") if name in place}
    if model.slope:
        found["difference_at_horizon"] = found["level_change"] + (horizon + model.count_from) * found["slope_change"]
    return found | {f"covariate_{i}": unit[place[f"column {name}"]] for i, name in enumerate(model.covariates, 1)}
