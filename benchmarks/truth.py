"""Bias and 95 % interval coverage of every estimator on data with known truth.

`python benchmarks/truth.py [--draws 2000] [--jobs 2] [--only TEXT]` prints one row an estimator, case and term: draws,
mean error with its Monte-Carlo error, share of the intervals given that hold the truth, share of draws in which the
product withheld the interval, and a verdict: `ok` from 0.92 to 0.98, `withheld` where no interval is given (or fewer
than one in twenty), `too wide` above 0.98, `TOO NARROW` below 0.92; `biased` where the mean error is beyond 3.5
Monte-Carlo errors and a tenth of the estimates' spread. Generators are this file's own, seeded by case and draw. The
last table has tests without an interval: how often they reject at 5 % where nothing happened.
"""

# ruff: noqa: E402, E501 (threads are limited before numpy loads; one case a line)
from __future__ import annotations

import argparse
import os
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
import pandas as pd

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError

CHUNK = 50
RANGE = (0.92, 0.98)
Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """One estimator on one kind of data; `truth` by term, `share` of the draws asked for (for very slow ones)."""

    estimator: str
    name: str
    truth: dict[str, float]
    run: Callable[[Rng], Any]
    share: float = 1.0


def case(estimator: str, name: str, truth: dict[str, float], run: Callable[..., Any], share: float = 1.0, **how: Any) -> Case:
    return Case(estimator, name, truth, partial(run, **how), share)


def walk(rng: Rng, rows: int, length: int, rho: float) -> np.ndarray:
    """Stationary AR(1) errors of variance 1."""
    found = rng.standard_normal((rows, length))
    for place in range(1, length):
        found[:, place] = rho * found[:, place - 1] + np.sqrt(1 - rho**2) * found[:, place]
    return found


# Records ---------------------------------------------------------------------------------------------------------


def sides(first: np.ndarray, second: np.ndarray, **more: np.ndarray) -> pd.DataFrame:
    period = np.repeat(["before", "after"], [len(first), len(second)])
    return pd.DataFrame({"value": np.concatenate([first, second]), "period": period, **more})


RECORDS = partial(cm.compare_records, duration="value", group="period", draws=999)


def shifted(rng: Rng, before: int, after: int) -> Any:
    return RECORDS(sides(30 + rng.gamma(2, 10, before), 22 + rng.gamma(2, 10, after)))


def scaled(rng: Rng, before: int, after: int) -> Any:
    return RECORDS(sides(rng.lognormal(3, 0.8, before), rng.lognormal(2.5, 0.6, after)))


def offices(rng: Rng, count: int, nested: bool) -> Any:
    """Records of offices that share an error; offices are seen in both periods or (nested) in one."""
    office = np.repeat(np.arange(count), 8)
    after = office >= count // 2 if nested else np.tile([False, True], 4 * count)
    value = 40 + rng.normal(0, 6, count)[office] - 8 * after + rng.normal(0, 8, len(office))
    table = pd.DataFrame({"value": value, "period": np.where(after, "after", "before"), "office": office})
    return RECORDS(table, cluster="office", allow_negative=True)


def sampled(rng: Rng, size: int) -> Any:
    """Long cases are drawn three times as often; the weight undoes it."""
    found = [rng.exponential(mean, 20 * size) for mean in (40.0, 25.0)]
    kept = [rng.choice(side, size, p=(w := np.where(side > 30, 3.0, 1.0)) / w.sum()) for side in found]
    return RECORDS(sides(*kept, weight=np.where(np.concatenate(kept) > 30, 1 / 3, 1.0)), weights="weight")


def censored(rng: Rng, size: int, count: int = 0) -> Any:
    """Exponential times of means 40 and 25 with exponential censoring; with `count`, offices with a common factor."""
    after = np.repeat([False, True], size)
    office = rng.integers(0, count, 2 * size) if count else np.arange(2 * size)
    factor = rng.lognormal(-0.08, 0.4, count)[office] if count else 1.0
    true, seen = np.where(after, 25.0, 40.0) * rng.exponential(1, 2 * size) * factor, rng.exponential(80, 2 * size)
    table = sides(*np.split(np.minimum(true, seen), 2), closed=true <= seen, office=office)
    longest = min(table.groupby("period")["value"].max())
    found = {"cluster": "office"} if count else {}
    return cm.compare_survival(table, duration="value", event="closed", group="period", horizon=min(30.0, longest), **found)


def restricted(mean: float, horizon: float = 30.0) -> float:
    return float(mean * (1 - np.exp(-horizon / mean)))


def frailty(horizon: float = 30.0) -> float:
    nodes, mass = np.polynomial.hermite_e.hermegauss(60)
    factor = np.exp(-0.08 + 0.4 * nodes)
    gap = np.array([restricted(25 * f, horizon) - restricted(40 * f, horizon) for f in factor])
    return float(mass @ gap / mass.sum())


SURVIVAL = {"rmst_difference": restricted(25) - restricted(40), "median_after": 25 * np.log(2), "hazard_ratio": 1.6}


def shares(rng: Rng, method: str, sizes: tuple[int, int], true: tuple[float, float]) -> Any:
    return cm.compare_shares(successes=rng.binomial(sizes, true), totals=sizes, method=method)


def shares_by_office(rng: Rng, count: int) -> Any:
    office = np.repeat(np.arange(count), 10)
    after = np.tile([False, True], 5 * count)
    done = rng.random(len(office)) < np.clip(0.5 + rng.uniform(-0.25, 0.25, count)[office] + 0.15 * after, 0, 1)
    table = pd.DataFrame({"done": done, "period": np.where(after, "after", "before"), "office": office})
    return cm.compare_shares(table, outcome="done", group="period", cluster="office")


def counts(rng: Rng, method: str, means: tuple[float, float]) -> Any:
    return cm.compare_counts(counts=rng.poisson(means), exposures=(10.0, 10.0), method=method)


def counts_by_month(rng: Rng, spread: float) -> Any:
    months, after = rng.uniform(5, 15, 60), np.repeat([False, True], 30)
    rate = np.where(after, 3.0, 4.0) * months * (rng.gamma(1 / spread, spread, 60) if spread else 1.0)
    table = sides(*np.split(rng.poisson(rate), 2), months=months)
    return cm.compare_counts(table, counts="value", exposures="months", group="period")


def two_means(rng: Rng, one: int, other: int) -> Any:
    group = np.repeat([1, 0], [one, other])
    table = pd.DataFrame({"y": np.where(group, rng.normal(3, 4, one + other), rng.normal(1, 1, one + other)), "z": group})
    return cm.difference_in_means(table, outcome="y", treated="z")


def any_statistic(rng: Rng, size: int) -> Any:
    return cm.bootstrap_interval(rng.gamma(4, 5, size), np.mean, draws=999)


# Series ----------------------------------------------------------------------------------------------------------

LEVEL, SLOPE = -5.0, 0.1
LINE = {"level_change": LEVEL, "slope_change": SLOPE}


def segments(side: int) -> tuple[np.ndarray, np.ndarray]:
    since = np.arange(2 * side) - side
    return since, (since >= 0).astype(float)


def series(rng: Rng, side: int, rho: float, *, theta: float = 0.0, cycle: float = 0.0, **choices: Any) -> Any:
    since, after = segments(side)
    noise = walk(rng, 1, 2 * side + 1, rho)[0]
    noise = noise[1:] + theta * noise[:-1]
    drift = (0.2 + after * SLOPE) * since if choices.get("trend", True) else 0.0
    value = 60 + drift + after * LEVEL + cycle * np.sin(2 * np.pi * since / 12) + 2 * noise
    table = pd.DataFrame({"month": pd.period_range("2008-01", periods=2 * side, freq="M").astype(str), "value": value})
    start = table["month"][side]
    return cm.interrupted_time_series(table, outcome="value", time="month", intervention_time=start, **choices)


def rates(rng: Rng, side: int, rho: float, size: float, **choices: Any) -> Any:
    """Counts with an exposure; the logarithm of the rate has AR(1) errors of spread `size`."""
    since, after = segments(side)
    people = np.exp(rng.normal(8, 0.2, 2 * side))
    error = size * walk(rng, 1, 2 * side, rho)[0]
    rate = np.exp(-4.5 + 0.005 * since + after * (-0.3 + 0.004 * since) + error - size**2 / 2)
    table = pd.DataFrame({"month": np.arange(2 * side), "value": rng.poisson(rate * people), "people": people})
    return cm.interrupted_time_series(
        table, outcome="value", time="month", intervention_time=side, exposure="people", **choices
    )  # fmt: skip


LOGS = {"level_change": -0.3, "slope_change": 0.004}


def controlled(rng: Rng, side: int, rho: float, others: int) -> Any:
    since, after = segments(side)
    shock, own = 3 * walk(rng, 1, 2 * side, 0.7)[0], 2 * walk(rng, others + 1, 2 * side, rho)
    value = 60 + 0.2 * since + shock + own
    value[0] += after * (LEVEL + SLOPE * since)
    place = np.repeat([f"p{number}" for number in range(others + 1)], 2 * side)
    table = pd.DataFrame({"place": place, "month": np.tile(np.arange(2 * side), others + 1), "value": value.ravel()})
    return cm.controlled_time_series(
        table, outcome="value", time="month", unit="place", treated="p0", intervention_time=side
    )  # fmt: skip


def breaks(rng: Rng, length: int, rho: float, trend: bool = False) -> Any:
    table = pd.DataFrame({"month": np.arange(length), "value": 50 + walk(rng, 1, length, rho)[0]})
    return cm.structural_break(table, outcome="value", time="month", trend=trend)


# Panels ----------------------------------------------------------------------------------------------------------

PANEL: dict[str, Any] = {"outcome": "y", "unit": "unit", "period": "year", "treatment_start": "start"}
ONCE = {"att": -2.0}


def panel(
    rng: Rng, start: np.ndarray, length: int, rho: float, *, group: np.ndarray | None = None, louder: float = 1.0,
    factor: float = 0.0, grow: float = 0.0, missing: float = 0.0, noise: float = 0.0,
) -> pd.DataFrame:  # fmt: skip
    """Units by years with unit, year and AR(1) errors (shared by `group`), effect −2 growing by `grow` a year."""
    units, when = len(start), np.arange(length)
    group = np.arange(units) if group is None else group
    since = when - start[:, None]
    shared = walk(rng, group.max() + 1, length, rho)[group] + rng.normal(0, noise, (units, length))
    shared *= np.where(np.isfinite(start), louder, 1.0)[:, None]
    common = np.cumsum(rng.normal(0, 0.5, length)) + factor * rng.normal(0, 1, (units, 1)) * np.sin(when / 3)
    value = rng.normal(20, 4, units)[:, None] + common + shared + (since >= 0) * (-2 + grow * np.where(since >= 0, since, 0))
    table = pd.DataFrame({"unit": np.repeat(np.arange(units), length), "year": np.tile(2000 + when, units), "y": value.ravel()})
    table["start"], table["group"] = np.repeat(2000 + start, length), np.repeat(group, length)
    return table[rng.random(len(table)) >= missing] if missing else table


def once(treated: int, others: int, start: int) -> np.ndarray:
    return np.repeat([float(start), np.inf], [treated, others])


def did(
    rng: Rng, treated: int, others: int, rho: float, *, villages: int = 1, extra: dict[str, Any] | None = None, **how: Any
) -> Any:
    group = np.repeat(np.arange(treated + others), villages)
    start = np.repeat(once(treated, others, 5), villages)
    options = {"cluster": "group"} if villages > 1 else {}
    return cm.difference_in_differences(panel(rng, start, 10, rho, group=group, **how), **PANEL, **options, **(extra or {}))


def houses(rng: Rng, size: int) -> Any:
    """Repeated cross-sections: each row its own unit."""
    treated, post = rng.integers(0, 2, (2, size))
    table = pd.DataFrame(
        {"y": 5 + treated + post - 2 * treated * post + rng.normal(0, 1 + treated, size), "d": treated, "t": post}
    )
    return cm.difference_in_differences(
        table, outcome="y", unit=None, period="t", treated="d", intervention_time=1, method="two_by_two"
    )  # fmt: skip


def events(rng: Rng, treated: int, others: int, rho: float, **how: Any) -> Any:
    return cm.event_study(panel(rng, once(treated, others, 5), 10, rho, **how), **PANEL)


def starts(rng: Rng, units: int) -> np.ndarray:
    """Starts drawn unit by unit: a quarter each in the years 3, 5 and 7, a quarter never."""
    return rng.choice([3.0, 5.0, 7.0, np.inf], units)


def staggered(rng: Rng, units: int, rho: float, *, villages: int = 1, study: bool = False, **how: Any) -> Any:
    start, group = np.repeat(starts(rng, units), villages), np.repeat(np.arange(units), villages)
    options = {"cluster": "group"} if villages > 1 else {}
    table = panel(rng, start, 9, rho, group=group, grow=-0.5, noise=0.5 * (villages > 1))
    return (cm.event_study if study else cm.staggered_adoption)(table, **PANEL, **options, **how)


def staggered_truth() -> dict[str, float]:
    """Averages over three starts of one size whose effect is −2 less half a year's time since the start, to year 8."""
    runs = {start: [-2 - 0.5 * since for since in range(9 - start)] for start in (3, 5, 7)}
    every = [value for run in runs.values() for value in run]
    dates = [np.mean([run[when - start] for start, run in runs.items() if when >= start]) for when in range(3, 9)]
    return {
        "simple": float(np.mean(every)), "dynamic": float(np.mean([-2 - 0.5 * since for since in range(6)])),
        "group": float(np.mean([np.mean(run) for run in runs.values()])), "calendar": float(np.mean(dates)), "event_0": -2.0,
    }  # fmt: skip


def reassigned(rng: Rng, treated: int, others: int, rho: float) -> Any:
    return cm.randomisation_inference(
        panel(rng, rng.permutation(once(treated, others, 5)), 10, rho, louder=1.0), **PANEL, draws=1999
    )


def synthetic_did(rng: Rng, treated: int, others: int, rho: float, **how: Any) -> Any:
    return cm.synthetic_did(panel(rng, once(treated, others, 14), 20, rho, factor=1.0), **PANEL, **how)


def one_treated(rng: Rng, donors: int, rho: float, effect: bool) -> Any:
    table = panel(rng, once(1, donors, 14 if effect else 999), 20, rho, factor=1.0).drop(columns="start")
    return cm.synthetic_control(table, outcome="y", unit="unit", period="year", treated=0, intervention_time=2014)


def cases() -> list[Case]:
    """Every estimator on the data it is for."""
    shift = dict.fromkeys(("mean_difference", "mean_difference_bca", "quantile_50_difference", "quantile_90_difference"), -8.0)
    mean_of = {"mean_difference": np.exp(2.68) - np.exp(3.32), "quantile_50_difference": np.exp(2.5) - np.exp(3)}
    mean_of |= {"quantile_90_difference": np.exp(2.5 + 0.6 * 1.2815515655) - np.exp(3 + 0.8 * 1.2815515655)}
    mean_of |= {"mean_difference_bca": mean_of["mean_difference"]}
    middle = {name: value for name, value in shift.items() if "90" not in name}
    found = [
        case("compare_records", "skewed, shifted, 80 and 60", shift | {"hodges_lehmann": -8.0}, shifted, before=80, after=60),
        case("compare_records", "skewed, shifted, 12 and 12", middle | {"hodges_lehmann": -8.0}, shifted, before=12, after=12),
        case("compare_records", "lognormal, 150 and 100", mean_of, scaled, before=150, after=100),
        case("compare_records", "30 offices, both periods", middle, offices, count=30, nested=False),
        case("compare_records", "10 offices, both periods", middle, offices, count=10, nested=False),
        case("compare_records", "24 offices, 12 a period", middle, offices, count=24, nested=True),
        case("compare_records", "weighted, 200 and 200", {"mean_difference": -15.0}, sampled, size=200),
        case("bootstrap_interval", "mean of 40, skewed", {"statistic": 20.0}, any_statistic, size=40),
        case("difference_in_means", "20 and 60, unequal spread", {"difference": 2.0}, two_means, one=20, other=60),
        case("compare_survival", "100 and 100, a third open", SURVIVAL, censored, size=100),
        case("compare_survival", "30 and 30, a third open", SURVIVAL, censored, size=30),
        case("compare_survival", "200 and 200, 20 offices", {"rmst_difference": frailty()}, censored, size=200, count=20),
        case("compare_shares", "20 offices of 10", {"share_difference": 0.15}, shares_by_office, count=20),
        case("compare_counts", "60 months, Poisson", {"rate_difference": -1.0, "rate_ratio": 0.75}, counts_by_month, spread=0.0),
        case("compare_counts", "60 months, overdispersed", {"rate_difference": -1.0, "rate_ratio": 0.75}, counts_by_month, spread=0.2),
    ]  # fmt: skip
    for method in ("newcombe", "miettinen_nurminen"):
        for sizes, true in (((60, 80), (0.5, 0.7)), ((40, 40), (0.08, 0.03)), ((12, 15), (0.3, 0.6))):
            name = f"{method[:8]}, {sizes[0]} and {sizes[1]}, {true[0]} and {true[1]}"
            truth = {"share_difference": true[1] - true[0], "share_before": true[0]}
            found.append(case("compare_shares", name, truth, shares, method=method, sizes=sizes, true=true))
    for method in ("exact", "score"):
        for means in ((40.0, 60.0), (8.0, 5.0)):
            truth = {"rate_difference": (means[1] - means[0]) / 10, "rate_ratio": means[1] / means[0]}
            found.append(
                case(
                    "compare_counts", f"{method}, {means[0]:g} and {means[1]:g} events", truth, counts, method=method, means=means
                )
            )
    return found + _series_cases() + _panel_cases()


def _series_cases() -> list[Case]:
    its, found = "interrupted_time_series", []
    usual = ((0.0, 0.0), (0.3, 0.0), (0.6, 0.0), (0.8, 0.0), (0.5, 0.4), (0.8, -0.4))
    slow = ((0.9, 0.0), (0.9, -0.6))
    for side, errors in (
        (8, usual),
        (12, usual),
        (20, usual),
        (36, (*usual, *slow)),
        (60, slow),
        (400, ((0.6, 0.0), (0.8, -0.4))),
    ):
        for rho, theta in errors:
            about = f"{side} a side, rho {rho}, theta {theta}"
            found.append(case(its, f"ARMA, {about}", LINE, series, side=side, rho=rho, theta=theta))
    for side, rho, theta in ((8, 0.9, 0.0), (12, 0.9, 0.0), (20, 0.9, 0.0), (12, 0.9, -0.6), (20, 0.9, -0.6), (36, 0.95, -0.6)):
        about = f"nearly unseen: {side} a side, rho {rho}, theta {theta}"
        found.append(case(its, f"ARMA, {about}", LINE, series, side=side, rho=rho, theta=theta))
    for side, rho, theta in ((8, 0.8, 0.0), (20, 0.3, 0.0), (20, 0.8, -0.4)):
        run = partial(series, side=side, rho=rho, theta=theta, trend=False, slope=False)
        found.append(Case(its, f"ARMA, no trend, {side} a side, rho {rho}, theta {theta}", {"level_change": LEVEL}, run))
    found.append(case(its, "AR(1) asked for, 36 a side, rho 0.6", LINE, series, side=36, rho=0.6, method="ar1"))
    for side in (24, 48, 120, 400):
        for rho, theta in ((0.0, 0.0), (0.3, 0.0), (0.6, 0.0), (0.8, -0.4)):
            run = partial(series, side=side, rho=rho, theta=theta, method="ols")
            found.append(Case(its, f"HAC, {side} a side, rho {rho}, theta {theta}", LINE, run))
    found.append(case(its, "classical, 24 a side, rho 0", LINE, series, side=24, rho=0.0, method="ols", errors="classical"))
    found.append(case(its, "classical, 24 a side, rho 0.5", LINE, series, side=24, rho=0.5, method="ols", errors="classical"))
    found.append(case(its, "ARMA, seasonal, 36 a side, rho 0.4", LINE, series, side=36, rho=0.4, cycle=4.0, season=2))
    for side, rho in ((24, 0.3), (48, 0.3), (48, 0.6)):
        found.append(case(its, f"arima, {side} a side, rho {rho}", LINE, series, side=side, rho=rho, method="arima"))
    for name, side, rho, size in (
        ("Poisson", 12, 0.0, 0.0),
        ("Poisson", 48, 0.0, 0.0),
        ("overdispersed", 36, 0.0, 0.15),
        ("correlated", 12, 0.5, 0.15),
        ("correlated", 48, 0.5, 0.15),
        ("correlated", 48, 0.8, 0.3),
    ):
        run = partial(rates, side=side, rho=rho, size=size)
        about = f"{name}, {side} a side, rho {rho}"
        found.append(case(its, f"poisson ar1, {about}", LOGS, run, method="poisson"))
        found.append(case(its, f"poisson quasi, {about}", LOGS, run, method="poisson", errors="quasi"))
        if side >= 36:
            found.append(case(its, f"poisson HAC, {about}", LOGS, run, method="poisson", errors="hac"))
        if size:
            found.append(case(its, f"negative binomial, {about}", LOGS, run, method="negative_binomial"))
            found.append(case(its, f"log rate, {about}", LOGS, run, log=True))
    for side, rho in ((8, 0.3), (12, 0.3), (24, 0.6)):
        found.append(
            case(
                "controlled_time_series", f"3 controls, {side} a side, rho {rho}", LINE, controlled, side=side, rho=rho, others=3
            )
        )
    return found  # fmt: skip


def _panel_cases() -> list[Case]:
    twoway, truth = "difference_in_differences", staggered_truth()
    after = {"average": -2.0, "event_0": -2.0, "event_m3": 0.0}
    overall = {name: truth[name] for name in ("simple", "dynamic", "group", "calendar", "event_0")}
    study = {"average": truth["dynamic"], "event_0": -2.0, "event_m2": 0.0}
    found = [
        case(twoway, "20 and 20, rho 0", ONCE, did, treated=20, others=20, rho=0.0),
        case(twoway, "20 and 20, rho 0.8", ONCE, did, treated=20, others=20, rho=0.8),
        case(twoway, "10 and 40, rho 0.8", ONCE, did, treated=10, others=40, rho=0.8),
        case(twoway, "10 and 40, treated louder", ONCE, did, treated=10, others=40, rho=0.5, louder=2.0),
        case(twoway, "10 and 40, treated quieter", ONCE, did, treated=10, others=40, rho=0.5, louder=0.4),
        case(twoway, "12 and 12 counties of 5 villages", ONCE, did, treated=12, others=12, rho=0.5, villages=5, noise=1.0),
        case(twoway, "15 and 25, a fifth missing", ONCE, did, treated=15, others=25, rho=0.6, missing=0.2),
        case(twoway, "4 and 12: reassigned", ONCE, did, treated=4, others=12, rho=0.5),
        case(twoway, "two by two, 300 rows of their own", ONCE, houses, size=300),
        case("event_study", "20 and 20, rho 0.6", after, events, treated=20, others=20, rho=0.6),
        case("event_study", "10 and 30, a tenth missing", after, events, treated=10, others=30, rho=0.6, missing=0.1),
        case("event_study", "starts differ, 80 units", study, staggered, units=80, rho=0.6, study=True),
        case("staggered_adoption", "never treated, 80 units, rho 0.6", overall, staggered, units=80, rho=0.6),
        case("staggered_adoption", "not yet treated, 80 units", overall, staggered, units=80, rho=0.6, comparison="not_yet_treated"),
        case("staggered_adoption", "60 counties of 4 villages", overall, staggered, units=60, rho=0.6, villages=4),
        case("randomisation_inference", "4 of 16, listed", ONCE, reassigned, treated=4, others=12, rho=0.5),
        case("randomisation_inference", "3 of 40, listed", ONCE, reassigned, treated=3, others=37, rho=0.8),
        case("randomisation_inference", "8 of 30, drawn", ONCE, reassigned, treated=8, others=22, rho=0.5),
        case("synthetic_did", "placebo, 12 and 30", ONCE, synthetic_did, treated=12, others=30, rho=0.5, draws=100),
        case("synthetic_did", "jackknife, 12 and 30", ONCE, synthetic_did, treated=12, others=30, rho=0.5, variance="jackknife"),
        case("synthetic_did", "bootstrap, 12 and 30", ONCE, synthetic_did, treated=12, others=30, rho=0.5, variance="bootstrap", draws=100),
        case("synthetic_did", "3 and 30", ONCE, synthetic_did, treated=3, others=30, rho=0.5, draws=100, share=0.02),
        case("synthetic_control", "24 donors", {"mean_gap": -2.0}, one_treated, donors=24, rho=0.5, effect=True),
        case("size: synthetic_control", "24 donors", {}, one_treated, donors=24, rho=0.5, effect=False),
        case("size: structural_break", "60 periods, rho 0", {}, breaks, length=60, rho=0.0),
        case("size: structural_break", "60 periods, rho 0.3", {}, breaks, length=60, rho=0.3),
        case("size: structural_break", "60 periods, rho 0.8", {}, breaks, length=60, rho=0.8),
        case("size: structural_break", "60 periods with a trend, rho 0.8", {}, breaks, length=60, rho=0.8, trend=True),
    ]  # fmt: skip
    return found


Draw = list[tuple[float, float, float]]


def apart(found: Any, truth: float) -> float:
    """Error of an estimate; of a ratio on the log scale, missing where the ratio is 0."""
    if "ratio" not in found.term:
        return float(found.estimate - truth)
    return float(np.log(found.estimate / truth)) if found.estimate > 0 else np.nan


def around(found: Any, truth: float) -> tuple[float, float, float]:
    """Error of an estimate and ends of its interval less the truth; missing for a term that a draw does not bear."""
    if found is None:
        return np.nan, np.nan, np.nan
    low, high = (np.nan if end is None else end - truth for end in (found.conf_low, found.conf_high))
    return apart(found, truth), low, high


def some(place: int, first: int, count: int) -> list[Draw]:
    """Draws of a case: error and ends less the truth, by term; a test's p-value where it has no truth."""
    case, found = cases()[place], []
    seed = zlib.crc32(f"{case.estimator} {case.name}".encode())
    for draw in range(first, first + count):
        try:
            result = case.run(np.random.default_rng([seed, draw]))
        except AnalysisError:
            # Refused: no estimate and no interval, which counts as withheld.
            found.append([(np.nan, np.nan, np.nan)] * max(len(case.truth), 1))
            continue
        given = {estimate.term: estimate for estimate in result.estimates}
        row = [around(given.get(term), truth) for term, truth in case.truth.items()]
        found.append(row or [(np.nan if result.p_value is None else result.p_value, np.nan, np.nan)])
    return found


def verdict(given: float, covered: float, bias: float, error: float, spread: float) -> str:
    away = "; biased" if abs(bias) > 3.5 * error and abs(bias) > 0.1 * spread else ""
    if given < 0.05:
        return "withheld" + away
    return ("TOO NARROW" if covered < RANGE[0] else "too wide" if covered > RANGE[1] else "ok") + away


def show(case: Case, draws: np.ndarray, seconds: float) -> None:
    for place, term in enumerate(case.truth):
        error, low, high = draws[:, place].T
        given = np.isfinite(low) | np.isfinite(high)
        covered = (
            float(((np.nan_to_num(low, nan=-np.inf) <= 0) & (np.nan_to_num(high, nan=np.inf) >= 0))[given].mean())
            if given.any()
            else np.nan
        )
        spread = float(np.nanstd(error, ddof=1))
        bias, noise = float(np.nanmean(error)), spread / np.sqrt(len(error))
        said = verdict(float(given.mean()), covered, bias, noise, spread)
        print(
            f"{case.estimator:26}{case.name:50}{term:24}{len(draws):6}{bias:10.4f}{noise:9.4f}"
            f"{covered:8.3f}{1 - given.mean():7.2f}  {said}", flush=True,
        )  # fmt: skip
    if not case.truth:
        p_value = draws[:, 0, 0]
        given = np.isfinite(p_value)
        print(
            f"{case.estimator:26}{case.name:50}{'rejects at 0.05':24}{len(draws):6}{'':19}{(p_value[given] <= 0.05).mean():8.3f}{1 - given.mean():7.2f}",
            flush=True,
        )
    print(f"    {seconds:.0f} s", flush=True) if os.environ.get("TRUTH_TIMES") else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="*", default=[""], help="cases whose estimator or name holds one of these texts")
    asked = parser.parse_args()
    print(
        f"{'estimator':26}{'case':50}{'term':24}{'draws':>6}{'bias':>10}{'± MC':>9}{'covered':>8}{'none':>7}  verdict", flush=True
    )
    began = time.perf_counter()
    with ProcessPoolExecutor(asked.jobs) as pool:
        for place, case in enumerate(cases()):
            if not any(text in f"{case.estimator}: {case.name}" for text in asked.only):
                continue
            draws, started = max(int(asked.draws * case.share), 1), time.perf_counter()
            firsts = range(0, draws, CHUNK)
            parts = pool.map(some, [place] * len(firsts), firsts, [min(CHUNK, draws - first) for first in firsts])
            show(case, np.array([row for part in parts for row in part]), time.perf_counter() - started)
    print(f"{time.perf_counter() - began:.0f} seconds on {asked.jobs} processes")


if __name__ == "__main__":
    main()
