"""Checks of a result: each passes, fails or informs, and says what it found."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from county_metrics.analysis.result import ChangeResult
from county_metrics.analysis.show import result_number
from county_metrics.evidence.case import Case
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import say

_TOLERANCE = Decimal("1e-6")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: `passed` is True, False, or None where it only informs."""

    name: str
    passed: bool | None
    label: dict[str, Any]
    text: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checks(payload.Shown):
    """Several checks, shown as one table."""

    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return all(result.passed is not False for result in self.results)

    def payload(self) -> dict[str, Any]:
        """Table of the checks."""
        columns = [column(name, say(f"check.{name}")) for name in ("check", "outcome", "says")]
        words = {True: "passed", False: "failed", None: "informs"}
        rows = [[r.label, say(f"check.{words[r.passed]}"), r.text] for r in self.results]
        return payload.table("checks", say("check.caption"), columns, rows)


def check_change(result: ChangeResult, case: Case) -> Checks:
    """Arithmetic and sensitivity checks of a change between two endpoints.

    Parameters
    ----------
    result : ChangeResult
    case : Case
        The case it belongs to; its other events are counted.

    Returns
    -------
    Checks
    """
    before, after = result.pair.before.value, result.pair.after.value
    restored = before * (1 + result.percent_change.value / 100)
    ratio = result.log_ratio.value.exp()
    changes = [reading.percent_change for reading in result.readings]
    inside = [c for c in changes if c.low is None or c.high is None or c.low <= c.value <= c.high]
    lows, highs = (
        [c.value if c.low is None else c.low for c in changes],
        [c.value if c.high is None else c.high for c in changes],
    )
    lowest, highest = min(lows), max(highs)
    value = {
        "round_trip": result_number("after", restored, 3),
        "log_ratio": result_number("ratio", ratio, 3),
        "inside": number(len(changes), ref="result:readings"),
        "concurrent": number(case.n_other_events, ref="result:other_events"),
    }
    ends = {
        "low": result_number("percent_change_low", lowest, 1, signed=True),
        "high": result_number("percent_change_high", highest, 1, signed=True),
    }
    passed: dict[str, bool | None] = {
        "round_trip": abs(restored - after) < _TOLERANCE,
        "log_ratio": abs(ratio - result.ratio.value) < _TOLERANCE,
        "inside": len(inside) == len(changes),
        "one_sign": (lowest > 0) == (highest > 0) or None,
        "concurrent": None,
    }
    slots: dict[str, dict[str, Any]] = {
        "round_trip": {"value": value["round_trip"]},
        "log_ratio": {"value": value["log_ratio"]},
        "inside": {"count": value["inside"]},
        "one_sign": ends,
        "concurrent": {"count": value["concurrent"]},
    }
    return Checks(
        tuple(
            CheckResult(name, ok, say(f"check.{name}"), say(f"check.{name}_text", **slots[name])) for name, ok in passed.items()
        )
    )
