"""A panel as analyses use it: units by periods with the start of treatment, read and checked all at once."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from county_metrics.analysis.arguments import absent, column_list, columns, flags, frame, require
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.grid import Grid, kind_of, ordinal, require_panel
from county_metrics.present.number import number
from county_metrics.present.wording import say

Array = np.ndarray[Any, np.dtype[Any]]
_SHOWN = 5
# Advice about arguments that only the library itself has, or about what the analysis does on purpose.
_OWN_ADVICE = re.compile("allow_unbalanced_panel|pweight|survey_design")


@dataclass(frozen=True)
class Panel:
    """Rows of a panel as arrays, checked.

    Attributes
    ----------
    outcome, weight, unit, period, covariates : array, one a row
        The outcome (its logarithm where `log`), weights (1 without), places in `units`, positions on `grid`.
    start, cluster : array, one a unit
        Position of the first treated period, infinite where never treated; number of the cluster.
    """

    outcome: Array
    unit: Array
    period: Array
    start: Array
    weight: Array
    cluster: Array
    covariates: Array
    units: tuple[Any, ...]
    grid: Grid
    measure: str
    simulated: bool
    weighted: bool
    independent: bool
    notes: tuple[dict[str, Any], ...] = field(default=())

    @property
    def treated(self) -> Array:
        """Whether each unit is ever treated."""
        return np.isfinite(self.start)

    @property
    def starts(self) -> list[int]:
        """Positions at which treatment starts somewhere."""
        return sorted({int(start) for start in self.start[self.treated]})

    @property
    def exposed(self) -> Array:
        """1 for each row at or after its unit's start, else 0."""
        return (self.period >= self.start[self.unit]).astype(float)

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of rows, units, periods, clusters and treated units."""
        treated = int(self.treated.sum())
        found = {"observations": len(self.outcome), "periods": len(np.unique(self.period))}
        units = {"units": len(self.units), "treated": treated, "controls": len(self.units) - treated}
        return found | units | {"clusters": len(np.unique(self.cluster))}

    def sides(self) -> tuple[int, int]:
        """Numbers of clusters with treated and with never-treated units."""
        return len(np.unique(self.cluster[self.treated])), len(np.unique(self.cluster[~self.treated]))

    def wide(self) -> Array | None:
        """Outcome by units and observed periods; None unless every unit has each period once."""
        periods = np.unique(self.period)
        if len(self.outcome) != len(self.units) * len(periods) or self.independent:
            return None
        table = np.full((len(self.units), len(periods)), np.nan)
        table[self.unit, np.searchsorted(periods, self.period)] = self.outcome
        return None if np.isnan(table).any() else table


def read_panel(
    data: pd.DataFrame, *, outcome: str, unit: str | None, period: str, treatment_start: str | None = None,
    treated: str | None = None, post: str | None = None, intervention_time: Any = None, weights: str | None = None,
    cluster: str | None = None, covariates: Sequence[str] = (), log: bool = False, balanced: bool = False,
    cross_sections: bool = False, by_group: bool = False, analysis: str = "difference_in_differences", wrong: Sequence[str] = (),
) -> Panel:  # fmt: skip
    """Read a tidy panel and check its shape; everything wrong is said at once.

    Parameters
    ----------
    data, outcome, unit, period, treatment_start, treated, post, intervention_time
        As for `difference_in_differences`.
    weights, cluster, covariates, log, balanced, cross_sections
        As for `difference_in_differences`; a cluster holds whole units.
    by_group : bool
        Groups are compared, so units that were not seen before their start stay.
    analysis : str
        What a design that the frame declares must be open to.
    wrong : sequence of str
        Problems of further arguments of the caller, raised with those of the arguments here.

    Returns
    -------
    Panel

    Raises
    ------
    AnalysisError
        With every problem found, each naming the column, the first offending values and rows, and what is allowed.
    DesignError
        If the frame declares a design that cannot bear the comparison.
    """
    others = columns(
        optional=True, unit=unit, treatment_start=treatment_start, treated=treated, post=post, weights=weights, cluster=cluster
    )
    named = [*columns(outcome=outcome, period=period), *others, column_list("covariates", covariates)]
    choices = flags(log=log, balanced=balanced, cross_sections=cross_sections)
    require(*wrong, frame(data, "one row a unit and period"), *named, *choices)
    require_panel(data, analysis)
    covariates = [covariates] if isinstance(covariates, str) else list(covariates)
    roles = [outcome, unit, period, treatment_start, treated, post, weights, cluster, *covariates]
    require(*absent(data, [name for name in roles if name]))
    problems: list[str] = [*_measure_problem(data), *_treatment_arguments(treatment_start, treated, post, intervention_time)]
    rows, notes = _complete(data, [name for name in roles if name and name != treatment_start])
    numbers = {name: _numeric(rows, name, problems) for name in (outcome, weights, *covariates) if name}
    if log and (low := rows[numbers[outcome] <= 0]).shape[0]:
        problems.append(f"{outcome}: a logarithm needs positive values; {_offending(low[outcome])}")
    if weights and (bad := rows[~(numbers[weights] > 0)]).shape[0]:
        problems.append(f"{weights}: a weight must be above 0; {_offending(bad[weights])}")
    grid, position = _grid(rows[period], problems)
    require(*problems)
    codes, units = (np.arange(len(rows)), rows.index) if unit is None else pd.factorize(rows[unit], sort=True)
    shaped = rows.assign(__unit=codes, __period=position)
    start = _row_starts(shaped, grid, (treatment_start, treated, post, intervention_time), unit, problems)
    require(*problems)
    late = np.isfinite(start) & (start > position.max())
    if late.any():
        notes.append(say("panel.treated_later", count=_count("treated_later", len(np.unique(codes[late])))))
        start = np.where(late, np.inf, start)
    if unit is not None and not cross_sections:
        problems += _duplicates(shaped, unit, period)
    groups = codes if cluster is None else pd.factorize(rows[cluster], sort=True)[0]
    problems += _constant(groups, codes, units, cluster or "", "a cluster must hold whole units")
    require(*problems)
    values = np.log(numbers[outcome]) if log else numbers[outcome]
    keep, more = _kept(codes, position, start, len(units), balanced=balanced, by_group=by_group or unit is None)
    if not keep.any():
        raise AnalysisError(f"{unit}: no unit is left; {len(units)} units were read; leave balanced=False")
    notes += more + _holes(codes[keep], position[keep], independent=unit is None or cross_sections)
    notes += [say("panel.log")] if log else []
    used, codes = np.unique(codes[keep], return_inverse=True)
    first = np.zeros(len(used), dtype=int)
    first[codes[::-1]] = np.flatnonzero(keep)[::-1]
    panel = Panel(
        outcome=values[keep], unit=codes, period=position[keep], start=start[first],
        weight=numbers[weights][keep] if weights else np.ones(int(keep.sum())),
        cluster=np.unique(groups[first], return_inverse=True)[1],
        covariates=np.column_stack([numbers[name][keep] for name in covariates]) if covariates else np.empty((keep.sum(), 0)),
        units=tuple(units[place] for place in used), grid=grid, measure="log" if log else str(data.attrs.get("unit", "")),
        simulated=bool(data.attrs.get("simulated", False)), weighted=weights is not None, independent=unit is None,
        notes=tuple(notes),
    )  # fmt: skip
    require(*_shape_problems(panel))
    return panel


def library_notes(said: Sequence[Any]) -> list[dict[str, Any]]:
    """Warnings of a library as notes, each once, but for what its own arguments could do about them."""
    texts = dict.fromkeys(str(warning.message) for warning in said)
    return [say("panel.library", text=text) for text in texts if not _OWN_ADVICE.search(text)]


def _measure_problem(data: pd.DataFrame) -> list[str]:
    measures = data.attrs.get("unit", "")
    if isinstance(measures, str) or len(set(measures)) < 2:
        return []
    return [f"the outcome mixes units of measurement ({', '.join(map(str, measures))}); convert them to one first"]


def _treatment_arguments(start: str | None, treated: str | None, post: str | None, time: Any) -> list[str]:
    if (start is None) == (treated is None):
        return ["name either treatment_start (column: first treated period) or treated (column of 0 and 1)"]
    if start and (post or time is not None):
        return ["treatment_start already says when treatment starts; leave out post and intervention_time"]
    return ["give post or intervention_time, not both"] if post and time is not None else []


def _complete(data: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    missing = data[list(dict.fromkeys(names))].isna()
    rows, notes = data[~missing.any(axis=1)], []
    if len(rows) < len(data):
        where = ", ".join(f"{name} ({count})" for name, count in missing.sum().items() if count)
        notes.append(say("panel.missing_rows", count=_count("missing_rows", len(data) - len(rows)), where=where))
    if rows.empty:
        short = missing.columns[missing.any()]
        raise AnalysisError(f"no row is complete in {', '.join(short)}" if len(short) else "data has no row")
    return rows, notes


def _count(name: str, value: int) -> dict[str, Any]:
    return number(value, ref=f"result:n_{name}")


def _numeric(rows: pd.DataFrame, name: str, problems: list[str]) -> Array:
    values = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=float)
    bad = rows[name][~np.isfinite(values)]
    if len(bad):
        problems.append(f"{name}: not a finite number; {_offending(bad)}")
    return values


def _offending(values: pd.Series[Any]) -> str:
    listed = ", ".join(f"{value!r} in row {row}" for row, value in values.head(_SHOWN).items())
    return listed + (f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else "")


def _grid(values: pd.Series[Any], problems: list[str]) -> tuple[Grid, Array]:
    unique = values.unique()
    kind = kind_of(unique)
    if kind is None:
        unread = values[[ordinal(value, "whole") is None and ordinal(value, "day") is None for value in values]]
        bad = values if unread.empty else unread
        problems.append(
            f"{values.name}: periods are whole numbers, dates, YYYY-MM or YYYYQn, all written one way; {_offending(bad)}"
        )
        return Grid("whole", 0, 1), np.zeros(len(values), dtype=int)
    whole = {value: ordinal(value, kind) or 0 for value in unique}
    first = min(whole.values())
    step = math.gcd(*(value - first for value in whole.values())) or 1
    places = {value: (found - first) // step for value, found in whole.items()}
    return Grid(kind, first, step), values.map(places).to_numpy(dtype=int)


def _row_starts(
    rows: pd.DataFrame, grid: Grid, how: tuple[str | None, str | None, str | None, Any], unit: str | None, problems: list[str]
) -> Array:
    """Start of each row's unit, as a position; infinite where never treated."""
    column, treated, post, time = how
    codes, position = rows["__unit"].to_numpy(), rows["__period"].to_numpy()
    if column:
        start = _declared(rows[column], grid, int(position.max()), problems)
        bad = pd.Series(start).groupby(codes).nunique() > 1
        if bad.any():
            names = rows[unit].groupby(codes).first()[bad].head(_SHOWN).tolist()
            problems.append(f"{column}: must be the same in all rows of a unit; it differs within {names}")
        return start
    state = _binary(rows, str(treated), problems)
    varies = pd.Series(state).groupby(codes).nunique().max() > 1
    if not varies:
        when = _when(rows, grid, post, time, problems)
        return np.where(state == 1, when, np.inf)
    if post or time is not None:
        problems.append(f"{treated}: turns from 0 to 1 within units, so it says when; leave out post and intervention_time")
    ordered = pd.DataFrame({"unit": codes, "period": position, "state": state}).sort_values(["unit", "period"])
    off = ordered.groupby("unit")["state"].diff() < 0
    if off.any():
        names = sorted({str(rows[unit].iloc[place]) for place in ordered.index[off]})[:_SHOWN]
        problems.append(
            f"{treated}: treatment switches off in {', '.join(names)}; these estimators compare before with ever after, "
            "so a treatment that ends is refused; keep the periods before it ends"
        )
    on = ordered[ordered["state"] == 1].groupby("unit")["period"].min()
    return on.reindex(codes).fillna(np.inf).to_numpy(dtype=float)


def _declared(values: pd.Series[Any], grid: Grid, last: int, problems: list[str]) -> Array:
    codes, unique = pd.factorize(values)
    texts = [str(value).strip() for value in unique]
    zero = [text in ("0", "0.0") for text in texts]
    if any(zero) and grid.kind == "whole" and grid.first <= 0 <= grid.first + last * grid.step:
        problems.append(f"{values.name}: 0 is both a period and the sign for never; leave it empty for units never treated")
    never = [none or text in ("", "inf", "NaT", "nan", "None") for none, text in zip(zero, texts, strict=True)]
    places = [math.inf if none else grid.position(value) for none, value in zip(never, unique, strict=True)]
    start = np.where(codes < 0, math.inf, np.array([*places, math.inf])[codes])
    if len(bad := values[np.isnan(start)]):
        problems.append(f"{values.name}: cannot be read as a period written like those of the panel; {_offending(bad)}")
    return start


def _binary(rows: pd.DataFrame, name: str, problems: list[str]) -> Array:
    values = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=float)
    if len(bad := rows[name][~np.isin(values, (0, 1))]):
        problems.append(f"{name}: only 0 and 1 are allowed; {_offending(bad)}")
    return values


def _when(rows: pd.DataFrame, grid: Grid, post: str | None, time: Any, problems: list[str]) -> float:
    """First treated position of the treated group."""
    position = rows["__period"].to_numpy()
    if time is not None:
        if math.isnan(when := grid.position(time)):
            problems.append(f"intervention_time: '{time}' is not written like the periods ({grid.label(0)}, …)")
        return when
    if post:
        after = _binary(rows, post, problems)
        first, last = position[after == 1], position[after == 0]
        if not len(first) or not len(last) or last.max() >= first.min():
            problems.append(f"{post}: must be 0 in every period before treatment and 1 in every period from its start on")
            return math.nan
        return float(first.min())
    if len(periods := np.unique(position)) == 2:
        return float(periods[1])
    problems.append("treated is fixed within units: say when treatment starts with post or intervention_time")
    return math.nan


def _duplicates(rows: pd.DataFrame, unit: str, period: str) -> list[str]:
    again = rows[rows.duplicated(["__unit", "__period"], keep=False)]
    if again.empty:
        return []
    listed = ", ".join(f"{a} {b} (row {row})" for row, a, b in again[[unit, period]].head(_SHOWN).itertuples())
    return [
        f"{unit}, {period}: {len(again)} rows share their unit and period: {listed}; keep one row each, "
        "or pass cross_sections=True if they are different members of the unit"
    ]


def _constant(groups: Array, codes: Array, units: Any, name: str, why: str) -> list[str]:
    spread = pd.Series(groups).groupby(codes).nunique()
    bad = [str(units[code]) for code in spread.index[spread > 1][:_SHOWN]]
    return [f"{name}: {why}; it differs within {', '.join(bad)}"] if bad else []


def _kept(
    codes: Array, position: Array, start: Array, units: int, *, balanced: bool, by_group: bool
) -> tuple[Array, list[dict[str, Any]]]:
    """Rows of units that were seen before their treatment (or could have been) and, if asked, in every period."""
    first, notes = np.full(units, 0 if by_group else np.inf), []
    np.minimum.at(first, codes, position)
    keep = first[codes] < start
    if not keep.all():
        notes.append(say("panel.always_treated", count=_count("always_treated", len(np.unique(codes[~keep])))))
    if balanced:
        cells = pd.DataFrame({"unit": codes, "period": position}).drop_duplicates()
        counted = np.bincount(cells["unit"], minlength=units)
        full = counted == cells["period"].nunique()
        notes.append(say("panel.balanced", count=_count("unbalanced_units", int((~full).sum()))))
        keep &= full[codes]
    return keep, notes


def _holes(codes: Array, position: Array, *, independent: bool) -> list[dict[str, Any]]:
    periods = len(np.unique(position))
    notes, span = [], int(position.max() - position.min()) + 1
    if span > periods:
        notes.append(say("panel.gaps", count=_count("absent_periods", span - periods)))
    if not independent and (absent := len(np.unique(codes)) * periods - len(codes)) > 0:
        notes.append(say("panel.unbalanced", count=_count("absent_cells", absent)))
    return notes


def _shape_problems(panel: Panel) -> list[str]:
    problems = []
    if len(panel.units) < 2:
        problems.append(f"there is one unit ({panel.units[0]}); a comparison needs at least two")
    if len(np.unique(panel.period)) < 2:
        problems.append("there is one period; a comparison needs at least one before and one after the start")
    if not panel.treated.any():
        problems.append("no unit becomes treated within the periods after having been seen before; there is nothing to estimate")
    elif not panel.exposed.any():
        problems.append("no row of a treated unit lies after its start; there is nothing to estimate")
    if panel.treated.all() and len(panel.starts) < 2:
        problems.append("every unit is treated at the same time; there is no control: add units never treated or treated later")
    return problems
