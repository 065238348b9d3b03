"""Sentences generated from a result, and the first rows of a reader's table, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from county_metrics.analysis.arguments import absent, frame, instance, require, several, whole
from county_metrics.analysis.effect import EffectResult, Estimate, effect_number, own_label, plain_value
from county_metrics.analysis.samples import unit_label
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, join, say

if TYPE_CHECKING:
    import pandas as pd

_NO_NULL = ("structural_break", "bootstrap_interval", "process_behaviour")
_OWN_NATURE = ("structural_break", "bootstrap_interval", "difference_in_means", "process_behaviour")


@payload.shows
def readout(result: EffectResult, truth: Mapping[str, float] | None = None) -> dict[str, Any]:
    """The headline of a result in sentences, every number from the result; beside the truth where the data were made up.

    Parameters
    ----------
    result : EffectResult
    truth : mapping, optional
        True value by term (`known_truth`); terms that the result does not have are passed over.

    Returns
    -------
    Block
        What the number is; its interval, or why there is none; whether it is an effect; what the checks say. With a truth,
        a table of estimates beside their true values.

    Examples
    --------
    >>> from county_metrics.analysis.proportions import compare_shares
    >>> print(readout(compare_shares(successes=(48, 56), totals=(80, 70))).summary().splitlines()[1])
    The 95 % interval runs from 0.0524 to 0.3339. “No change” lies outside it.
    """
    true = "" if truth is None else instance("truth", truth, Mapping, "a mapping of terms to numbers, as of known_truth")
    require(instance("result", result, EffectResult, "what an analysis returned"), true)
    found = result.headline
    sentences = [
        say("readout.value", estimand=result.estimand, label=found.label, value=_measured(found)),
        _interval(result, found),
        _nature(result),
        *_checks(result),
    ]
    if result.simulated:
        sentences.append(say("readout.simulated"))
    known = {term: value for term, value in (truth or {}).items() if term in {each.term for each in result.estimates}}
    if not known:
        return payload.prose(*sentences)
    return payload.stack(payload.prose(*sentences), _beside_truth(result, known))


def _measured(found: Estimate) -> dict[str, Any]:
    value = effect_number(found, "estimate")
    if found.unit in ("", "log", "F"):
        return value
    return say("readout.measured", value=value, unit=unit_label(found.unit))


def _interval(result: EffectResult, found: Estimate) -> dict[str, Any]:
    """The interval and whether it holds no change; else why there is none, with the p-value where one is given."""
    if found.conf_low is None and found.conf_high is None:
        reason = found.withheld or say("readout.no_interval")
        if found.p_value is None:
            return reason
        return say("readout.two", first=reason, second=say("readout.p_value", p=effect_number(found, "p_value")))
    ends = {
        name: effect_number(found, f"conf_{name}") if getattr(found, f"conf_{name}") is not None else say("number.open")
        for name in ("low", "high")
    }
    said = say("readout.interval", level=number(f"{100 * result.level:g}", ref="param:level"), **ends)
    if result.method in _NO_NULL or found.conf_low is None or found.conf_high is None:
        return said
    same = 1.0 if found.unit == "ratio" else 0.0
    inside = found.conf_low <= same <= found.conf_high
    return say("readout.two", first=said, second=say("readout.inside" if inside else "readout.outside"))


def _nature(result: EffectResult) -> dict[str, Any]:
    """Whether the number is an effect, by the design or the method."""
    which = result.method if result.method in _OWN_NATURE else result.design
    listed = join(list(result.assumptions), both(" ", "")) if result.assumptions else say("number.none")
    if which in ("panel", "controlled_series"):
        return say(f"nature_of.{which}", assumptions=listed)
    return say(f"nature_of.{which}")


def _checks(result: EffectResult) -> list[dict[str, Any]]:
    if not result.checks:
        return []
    counted = {
        name: number(sum(check.passed is state for check in result.checks), ref=f"result:checks_{name}")
        for name, state in (("held", True), ("failed", False), ("informing", None))
    }
    said = [say("readout.checks", **counted)]
    failed = [check.label for check in result.checks if check.passed is False]
    return said + ([say("readout.failed", listed=join(failed, both("; ", "；")))] if failed else [])


def _beside_truth(result: EffectResult, known: Mapping[str, float]) -> dict[str, Any]:
    columns = [
        column("term", say("effect.term")),
        column("truth", say("readout.truth"), numeric=True),
        column("estimate", say("effect.estimate"), numeric=True),
        column("held", say("readout.held")),
    ]
    rows = []
    for found in result.estimates:
        if found.term not in known:
            continue
        value, verdict = known[found.term], say("readout.held_none")
        if found.conf_low is not None and found.conf_high is not None:
            verdict = say("readout.held_yes" if found.conf_low <= value <= found.conf_high else "readout.held_no")
        true = number(plain_value(value), ref=f"constant:truth_{found.term}", places=found.places)
        rows.append([found.label, true, effect_number(found, "estimate"), verdict])
    share = number(f"{100 * (1 - result.level):g}", ref="param:level")
    return payload.table("truth", say("readout.truth_caption"), columns, rows, [say("readout.truth_note", share=share)])


@payload.shows
def look(data: pd.DataFrame, columns: Sequence[str] | None = None, rows: int = 5) -> dict[str, Any]:
    """First rows of a table, with how many rows there are and how many cells of each column are empty.

    Parameters
    ----------
    data : pandas.DataFrame
    columns : sequence of str, optional
        Which columns; all without it.
    rows : int
        How many rows, at least 1.

    Returns
    -------
    Block
        Table, stamped where the data are made up.

    Raises
    ------
    AnalysisError
        For an unknown column or no rows.
    """
    listed = several("columns", columns, "names", optional=True), whole("rows", rows, least=1, example=5)
    require(frame(data, "the table to look at"), *listed)
    names = list(data.columns) if columns is None else list(columns)
    require(*absent(data, names))
    heads = [column("row", say("readout.row"))]
    heads += [column(str(name), own_label(str(name)), numeric=_is_number(data[name])) for name in names]
    shown = [
        [own_label(str(place)), *(_cell(name, value) for name, value in zip(names, row, strict=True))]
        for place, row in enumerate(data[names].head(rows).itertuples(index=False, name=None), 1)
    ]
    notes = [say("readout.rows", count=number(len(data), ref="result:rows"))]
    empty = {name: int(data[name].isna().sum()) for name in names}
    notes += [
        say("readout.empty", column=own_label(str(name)), count=number(count, ref=f"result:empty_{name}"))
        for name, count in empty.items()
        if count
    ]
    if data.attrs.get("simulated"):
        notes.insert(0, say("effect.simulated"))
    return payload.table("look", say("readout.look_caption"), heads, shown, notes)


def _is_number(values: pd.Series[Any]) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values.dtype)) and not pd.api.types.is_bool_dtype(values.dtype)


def _cell(name: Any, value: Any) -> Any:
    """A cell as a node: numbers marked up, dates without a time of midnight, what is missing empty."""
    import pandas as pd

    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return own_label(str(value.date() if value == value.normalize() else value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(plain_value(float(value)), ref=f"result:{name}")
    return own_label(str(value))
