"""Time and memory at the size of China: 2,800 counties by 120 months, and 5 million records.

`python benchmarks/scale.py [--counties 2800] [--months 120] [--records 5000000]` runs each task in a process of its own
and prints seconds, peak memory and the ratio to this package. The naive versions are pandas and statsmodels as one
would first write them: an event study by least squares with a dummy for every county and month (on a tenth of the
counties, as the whole would need tens of gigabytes; seconds are printed as they are, not scaled up), one with the
county and month means taken out first, and a bootstrap that draws whole samples (a few draws, scaled up to as many as
here). pyfixest is a dependency of this benchmark alone; without it the row says so. Data are made up, seed fixed.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

DRAWS = 5000
NAIVE_DRAWS = 10


def panel(counties: int, months: int) -> pd.DataFrame:
    rng = np.random.default_rng(2014)
    treated = np.arange(counties) < counties // 4
    when = np.arange(months)
    since = when - months // 2
    y = rng.normal(0, 5, (counties, 1)) + rng.normal(0, 1, months) + rng.normal(0, 2, (counties, months))
    y -= 3.0 * (treated[:, None] & (since >= 0))
    start = np.where(treated, months // 2, -1)
    table = {"county": np.repeat(np.arange(counties), months), "month": np.tile(when, counties), "y": y.ravel()}
    return pd.DataFrame(table | {"start": np.repeat(np.where(start < 0, np.nan, start), months)})


def records(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(2014)
    after = rng.random(count) < 0.5
    days = np.ceil(rng.gamma(3, np.where(after, 28.0, 76.0)))
    return pd.DataFrame({"days": days, "period": pd.Categorical.from_codes(after.astype(int), ["before", "after"])})


def ours_event(size: tuple[int, int]) -> str:
    from county_metrics.analysis.event_study import event_study

    table = panel(*size)
    began = time.perf_counter()
    found = event_study(table, outcome="y", unit="county", period="month", treatment_start="start")
    return _said(began, found["event_0"].estimate, found["event_0"].std_error)


def ours_twoway(size: tuple[int, int]) -> str:
    from county_metrics.analysis.differences import difference_in_differences

    table = panel(*size)
    began = time.perf_counter()
    found = difference_in_differences(table, outcome="y", unit="county", period="month", treatment_start="start")
    return _said(began, found.estimate, found.std_error)


def _event_dummies(table: pd.DataFrame) -> pd.DataFrame:
    event = (table["month"] - table["start"]).round()
    wide = pd.get_dummies(event.astype("Int64"), prefix="e", dtype=float)
    return wide.drop(columns="e_-1")


def naive_event(size: tuple[int, int]) -> str:
    import statsmodels.api as sm

    table = panel(size[0] // 10, size[1])
    began = time.perf_counter()
    effects = [pd.get_dummies(table[name], prefix=name, dtype=float, drop_first=True) for name in ("county", "month")]
    design = sm.add_constant(pd.concat([_event_dummies(table), *effects], axis=1))
    found = sm.OLS(table["y"], design).fit(cov_type="cluster", cov_kwds={"groups": table["county"]})
    return _said(began, found.params["e_0"], found.bse["e_0"])


def within_event(size: tuple[int, int]) -> str:
    import statsmodels.api as sm

    table = panel(*size)
    began = time.perf_counter()
    columns = pd.concat([table["y"], _event_dummies(table)], axis=1)
    by_county, by_month = (columns.groupby(table[name]).transform("mean") for name in ("county", "month"))
    flat = columns - by_county - by_month + columns.mean()
    found = sm.OLS(flat["y"], flat.drop(columns="y")).fit(cov_type="cluster", cov_kwds={"groups": table["county"]})
    return _said(began, found.params["e_0"], found.bse["e_0"])


def pyfixest_event(size: tuple[int, int]) -> str:
    import pyfixest as pf

    table = panel(*size)
    table["event"] = (table["month"] - table["start"]).fillna(-1)
    began = time.perf_counter()
    found = pf.feols("y ~ i(event, ref=-1.0) | county + month", table, vcov={"CRV1": "county"})
    tidy = found.tidy()
    row = tidy[tidy.index.str.contains(r"\b0\.0\]?$", regex=True)].iloc[0]
    return _said(began, row["Estimate"], row["Std. Error"])


def ours_records(count: int) -> str:
    from county_metrics.analysis.records import compare_records

    table = records(count)
    began = time.perf_counter()
    found = compare_records(table, duration="days", group="period", draws=DRAWS)["quantile_50_difference"]
    return _said(began, found.estimate, found.std_error)


def naive_records(count: int) -> str:
    table = records(count)
    began = time.perf_counter()
    sides = [rows["days"].to_numpy() for _, rows in table.groupby("period", observed=True)]
    rng, drawn = np.random.default_rng(1), []
    for _ in range(NAIVE_DRAWS):
        again = [side[rng.integers(0, len(side), len(side))] for side in sides]
        drawn.append(
            [again[1].mean() - again[0].mean(), *(np.quantile(again[1], [0.5, 0.9]) - np.quantile(again[0], [0.5, 0.9]))]
        )
    seconds = (time.perf_counter() - began) * DRAWS / NAIVE_DRAWS
    return f"{seconds:.3f} median {np.median(sides[1]) - np.median(sides[0]):.4f}, scaled up from {NAIVE_DRAWS} of {DRAWS} draws"


def _said(began: float, value: float, error: float | None) -> str:
    return f"{time.perf_counter() - began:.3f} {value:.4f} ({'none' if error is None else f'{error:.4f}'})"


def _child(task: Callable[[Any], str], size: Any, pipe: Any) -> None:
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = task(size)
    pipe.send((said, base, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def measure(name: str, task: Callable[[Any], str], size: Any, against: float | None) -> float:
    """Run a task in a fresh process; print seconds, peak memory (whole process, data included) and the ratio."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(task, size, theirs))
    child.start()
    theirs.close()
    try:
        said, _, peak = ours.recv()
    except EOFError:
        child.join()
        print(f"{name:64} failed (exit {child.exitcode}; out of memory?)", flush=True)
        return float("nan")
    child.join()
    seconds = float(said.split(" ", 1)[0])
    ratio = "" if against is None else f"{seconds / against:9.1f} ×"
    print(f"{name:64}{seconds:10.2f} s{peak / 1024:9.0f} MB{ratio:>12}  {said.split(' ', 1)[1]}", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="Time and memory at scale.")
    for name, size in (("counties", 2800), ("months", 120), ("records", 5_000_000)):
        parser.add_argument(f"--{name}", type=int, default=size)
    asked = parser.parse_args()
    size, months = (asked.counties, asked.months), f"{asked.counties:,} counties × {asked.months} months"
    print(f"{'task':64}{'seconds':>12}{'peak':>12}{'ratio':>12}  estimate (standard error)", flush=True)
    first = measure(f"event_study, {months}", ours_event, size, None)
    measure(f"difference_in_differences, {months}", ours_twoway, size, first)
    measure("statsmodels OLS, means of county and month taken out", within_event, size, first)
    measure(f"statsmodels OLS, all dummies, {asked.counties // 10:,} counties only", naive_event, size, first)
    if importlib.util.find_spec("pyfixest"):
        measure("pyfixest feols", pyfixest_event, size, first)
    else:
        print("pyfixest feols: not installed")
    second = measure(f"compare_records, {asked.records:,} records, {DRAWS:,} draws", ours_records, asked.records, None)
    measure("numpy bootstrap of whole samples", naive_records, asked.records, second)


if __name__ == "__main__":
    main()
