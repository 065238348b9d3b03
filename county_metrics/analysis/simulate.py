"""Made-up county data with known truth, shaped like an approval reform: records, series, panels; nothing here is evidence.

Truths stand in ``attrs["truth"]`` under the terms of the estimators that should find them.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import frame, real, require, whole
from county_metrics.analysis.working_days import calendar
from county_metrics.errors import nearest

SEED = 2014
UNIT = "working_day"
FOLDERS = ("approval_records", "approval_series", "approval_panel", "approval_synthetic_control")
"""Folders under ``data/simulated``, which `known_truth` knows."""

Array = np.ndarray[Any, np.dtype[Any]]
Rng = np.random.Generator
_SHAPE = 4.0
_LONGEST = 4_000
_EFFECTS = (-40.0, -60.0, -80.0, -90.0, -100.0)


def simulate_records(
    *, seed: int = SEED, cases: int = 300, before: float = 230.0, after: float = 86.0, horizon: int = 180
) -> pd.DataFrame:
    """Made-up records of approvals before and after a reform, some still open when the table was extracted.

    Parameters
    ----------
    seed : int
    cases : int
        Cases received before, and as many after.
    before, after : float
        Mean working days that a case takes.
    horizon : int
        Working days up to which the true restricted mean is worked out.

    Returns
    -------
    pandas.DataFrame
        Shape (2 × cases, 6): ``record_id``, ``received_on``, ``closed_on`` (missing where open), ``paused_days`` (working
        days that do not count), ``group``, ``office``. ``attrs["truth"]`` holds differences of mean, median, 90 % quantile,
        restricted mean, and the Hodges–Lehmann shift.

    Notes
    -----
    Working days needed are gamma distributed with shape 4, rounded, and do not depend on the date of receipt within a
    period.

    Examples
    --------
    >>> made = simulate_records(cases=5)
    >>> made.shape, round(made.attrs["truth"]["mean_difference"], 2), made.attrs["simulated"]
    ((10, 6), -144.0, True)
    """
    means = real("before", before, above=0, example=230.0), real("after", after, above=0, example=86.0)
    counts = whole("cases", cases, least=1, example=300), whole("horizon", horizon, least=1, example=180)
    require(_seed(seed), *means, *counts)
    rng, days = np.random.default_rng(seed), calendar()
    works = np.flatnonzero(np.diff(days.cumulative, prepend=0))
    last = days.place(np.datetime64("2016-04-29"))
    parts = []
    spans = (("before", "2012-07-02", "2014-01-16", before), ("after", "2014-01-17", "2016-03-31", after))
    for group, first, until, mean in spans:
        open_days = works[(works >= days.place(np.datetime64(first))) & (works <= days.place(np.datetime64(until)))]
        received = np.sort(rng.choice(open_days, cases))
        needed = np.maximum(1, np.rint(rng.gamma(_SHAPE, mean / _SHAPE, cases))).astype(int)
        paused = np.where(rng.random(cases) < 0.4, rng.integers(3, 13, cases), 0)
        closed = works[days.cumulative[received] + needed + paused - 1]
        office = rng.choice(["Office A", "Office B", "Office C"], cases)
        columns = {"received": received, "closed": closed, "paused_days": paused.astype(float), "office": office}
        parts.append(pd.DataFrame(columns | {"group": group}))
    table = pd.concat(parts, ignore_index=True)
    ends = (np.datetime64(days.first) + table["closed"].to_numpy()).astype("datetime64[us]")
    table["received_on"] = (np.datetime64(days.first) + table["received"].to_numpy()).astype("datetime64[us]")
    table["closed_on"] = np.where(table["closed"] > last, np.datetime64("NaT", "us"), ends)
    table["record_id"] = [f"S{place:04d}" for place in range(1, len(table) + 1)]
    table = table[["record_id", "received_on", "closed_on", "paused_days", "group", "office"]]
    facts = {"extracted_on": "2016-04-29", "selected_on": "opened", "intervention": "2014-01-17"}
    return _stamped(table, 0, "records", _record_truth(before, after, horizon), **facts)


def _record_truth(before: float, after: float, horizon: int) -> dict[str, float]:
    """Differences of the two rounded gamma distributions, from their exact survival functions."""
    from scipy import stats

    found: list[dict[str, float]] = []
    shares = []
    for mean in (before, after):
        staying = stats.gamma.sf(np.arange(_LONGEST) + 0.5, _SHAPE, scale=mean / _SHAPE)
        staying[0] = 1.0
        share = -np.diff(staying, prepend=1.0)
        shares.append(share / share.sum())
        points = {f"quantile_{percent}": float(np.argmax(1 - staying >= percent / 100)) for percent in (50, 90)}
        found.append({"mean": float(staying.sum()), "rmst": float(staying[:horizon].sum())} | points)
    apart = np.cumsum(np.convolve(shares[1], shares[0][::-1]))
    truth = {f"{name}_difference": round(found[1][name] - found[0][name], 6) for name in found[0]}
    shift = float(np.argmax(apart >= 0.5) - (_LONGEST - 1))
    return truth | {"mean_difference_bca": truth["mean_difference"], "hodges_lehmann": shift}


def simulate_series(
    *, seed: int = SEED, level_change: float = -125.0, slope_change: float = -0.6, rho: float = 0.4
) -> pd.DataFrame:
    """Made-up monthly means of approval time: one county where something began in February 2014, three where nothing did.

    Parameters
    ----------
    seed : int
    level_change, slope_change : float
        What began, in working days, and working days a month.
    rho : float
        Correlation of the errors from month to month.

    Returns
    -------
    pandas.DataFrame
        Shape (288, 4): ``place``, ``period`` (72 months from February 2010), ``indicator``, ``value`` in working days.
        ``attrs["truth"]`` holds ``level_change``, ``slope_change`` and ``difference_at_horizon`` (in the last month).

    Examples
    --------
    >>> made = simulate_series()
    >>> made["place"].nunique(), str(made["period"].iloc[48]), made.attrs["truth"]["level_change"]
    (4, '2014-02', -125.0)
    """
    changes = real("level_change", level_change, example=-125.0), real("slope_change", slope_change, example=-0.6)
    require(_seed(seed), *changes, _rho(rho))
    rng, month = np.random.default_rng(seed), np.arange(72)
    since = np.maximum(month - 48, 0)
    began = np.where(month >= 48, level_change + slope_change * since, 0.0)
    shared = _walk(rng, 1, 72, rho, 4.0)[0]
    parts = []
    for place, own in enumerate(_walk(rng, 4, 72, rho, 6.0)):
        values = 240.0 + 8.0 * place - 0.2 * month + shared + own + (began if place == 0 else 0.0)
        parts.append(pd.DataFrame({
            "place": _name(place + 1), "period": pd.period_range("2010-02", periods=72, freq="M"),
            "indicator": "mean_approval_days", "value": values.round(1),
        }))  # fmt: skip
    last = float(level_change + slope_change * 23)
    truth = {"level_change": level_change, "slope_change": slope_change, "difference_at_horizon": last}
    return _stamped(pd.concat(parts, ignore_index=True), 1, "controlled_series", truth, intervention="2014-02")


def simulate_panel(*, seed: int = SEED, rho: float = 0.5) -> pd.DataFrame:
    """Made-up yearly panel of 40 counties: reforms that begin in 2012, 2014 and 2016, and 16 counties that never reform.

    Parameters
    ----------
    seed : int
    rho : float
        Correlation of a county's errors from year to year.

    Returns
    -------
    pandas.DataFrame
        Shape (480, 5): ``county_code``, ``period`` (2008 to 2019), ``indicator``, ``value`` in working days,
        ``treatment_start`` (missing where never). ``attrs["truth"]`` holds the effect by year from the start
        (``event_0``…), the ``simple`` mean over treated counties and years, and the mean over years from the start
        (``dynamic`` or ``average``).

    Notes
    -----
    The effect grows with the years since the start and is the same whenever that was; levels of the counties differ by
    start, trends do not.

    Examples
    --------
    >>> made = simulate_panel()
    >>> made["treatment_start"].nunique(), made.attrs["truth"]["event_0"], made.attrs["truth"]["event_7"]
    (3, -40.0, -100.0)
    """
    require(_seed(seed), _rho(rho))
    rng, years = np.random.default_rng(seed), np.arange(2008, 2020)
    starts = np.repeat([2012, 2014, 2016, 0], [8, 8, 8, 16])
    errors, shock = _walk(rng, 40, 12, rho, 8.0), rng.normal(0.0, 5.0, 12)
    levels = rng.normal(230.0, 20.0, 40) + np.where(starts > 0, (starts - 2014) * 5.0, 10.0)
    event = np.where(starts[:, None] > 0, years - starts[:, None], -1)
    effect = np.where(event >= 0, np.take(_EFFECTS, np.clip(event, 0, 4)), 0.0)
    values = levels[:, None] - 3.0 * (years - 2008) + shock + errors + effect
    truth = {f"event_{e}": _EFFECTS[min(e, 4)] for e in range(8)}
    even = sum(truth.values()) / len(truth)
    truth |= {"simple": float(effect[event >= 0].mean()), "dynamic": even, "average": even}
    return _stamped(_long(values, years, starts), 2, "panel", truth)


def simulate_synthetic_control(*, seed: int = SEED, donors: int = 25) -> pd.DataFrame:
    """Made-up yearly panel of one county that reforms in 2014, and donors that share its two underlying factors.

    Parameters
    ----------
    seed : int
    donors : int
        At least 5.

    Returns
    -------
    pandas.DataFrame
        Shape ((donors + 1) × 16, 5), columns as of `simulate_panel`, 2004 to 2019; county 01 is the treated one.
        ``attrs["truth"]`` holds the gap by year (``gap_2014``…) and their mean (``mean_gap`` or ``att``);
        ``attrs["treated"]`` the county.

    Notes
    -----
    The treated county's loadings are a mean of four donors' with weights .4, .3, .2, .1, so that it lies inside the range
    of the donors; the trends of the factors differ, so that a plain mean of the donors misses it.

    Examples
    --------
    >>> made = simulate_synthetic_control()
    >>> made.attrs["treated"], made.attrs["truth"]["gap_2014"], made.attrs["truth"]["mean_gap"]
    ('Simulated county AA', -60.0, -85.0)
    """
    require(_seed(seed), whole("donors", donors, least=5, example=25))
    rng, years = np.random.default_rng(seed), np.arange(2004, 2020)
    factors = np.vstack([np.cumsum(rng.normal(-4.0, 4.0, 16)), 12.0 * np.sin(np.arange(16) / 2.5) + rng.normal(0, 3, 16)])
    loadings = np.column_stack([rng.uniform(180.0, 280.0, donors), rng.uniform(0.2, 1.8, (donors, 2))])
    mine = np.array([0.4, 0.3, 0.2, 0.1]) @ loadings[:4]
    loadings = np.vstack([mine, loadings])
    gap = np.where(years >= 2014, -60.0 - 10.0 * (years - 2014), 0.0)
    values = loadings[:, :1] + loadings[:, 1:] @ factors + rng.normal(0.0, 1.0, (donors + 1, 16))
    values[0] += gap
    truth = {f"gap_{year}": float(size) for year, size in zip(years, gap, strict=True) if year >= 2014}
    table = _long(values, years, np.append(2014, np.zeros(donors, dtype=int)))
    mean = float(gap[years >= 2014].mean())
    table = _stamped(table, 3, "panel", truth | {"mean_gap": mean, "att": mean}, intervention="2014")
    table.attrs["treated"] = _name(1)
    return table


def known_truth(data: pd.DataFrame, **settings: Any) -> dict[str, float]:
    """Truth behind a simulated table of this project; empty for any other data.

    Parameters
    ----------
    data : pandas.DataFrame
        From a simulator, or from a folder under ``data/simulated``.
    **settings
        Of the simulator that made it (the `horizon` of the records, say).

    Returns
    -------
    dict
        True value by term.
    """
    require(frame(data, "made by a simulator"))
    makers: dict[str, Any] = dict(
        zip(FOLDERS, (simulate_records, simulate_series, simulate_panel, simulate_synthetic_control), strict=True)
    )
    case = str(data.attrs.get("case", "")).removeprefix("simulated_")
    if "truth" in data.attrs and not settings:
        return dict(data.attrs["truth"])
    if not data.attrs.get("simulated") or case not in makers:
        return {}
    allowed = inspect.signature(makers[case]).parameters
    wrong = [f"there is no setting {name!r}; {nearest(name, list(allowed))}" for name in settings if name not in allowed]
    require(*wrong)
    return dict(makers[case](**settings).attrs["truth"])


def _seed(seed: Any) -> str:
    return whole("seed", seed, least=0, example=SEED)


def _rho(rho: Any) -> str:
    return real("rho", rho, above=-1, below=1, example=0.4)


def _walk(rng: Rng, rows: int, length: int, rho: float, spread: float) -> Array:
    """Stationary AR(1) errors, shape (rows, length), of standard deviation `spread`."""
    found = rng.standard_normal((rows, length))
    for place in range(1, length):
        found[:, place] = rho * found[:, place - 1] + np.sqrt(1 - rho**2) * found[:, place]
    return spread * found


def _name(place: int) -> str:
    return f"Simulated county {chr(64 + -(-place // 26))}{chr(65 + (place - 1) % 26)}"


def _long(values: Array, years: Array, starts: Array) -> pd.DataFrame:
    units, periods = values.shape
    start = pd.Series(np.repeat(starts, periods), dtype="Int64")
    return pd.DataFrame({
        "county_code": np.repeat([_name(unit + 1) for unit in range(units)], periods), "period": np.tile(years, units),
        "indicator": "mean_approval_days", "value": values.round(1).ravel(), "treatment_start": start.where(start > 0),
    })  # fmt: skip


def _stamped(table: pd.DataFrame, folder: int, design: str, truth: dict[str, float], **facts: str) -> pd.DataFrame:
    case = f"simulated_{FOLDERS[folder]}"
    table.attrs.update({"simulated": True, "unit": UNIT, "design": design, "case": case, "truth": truth}, **facts)
    return table
