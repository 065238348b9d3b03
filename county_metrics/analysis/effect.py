"""What every estimator returns: an estimate with its uncertainty or the reason why it has none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from county_metrics.analysis.check import CheckResult, Checks
from county_metrics.errors import CountyMetricsError
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.payload import Block
from county_metrics.present.tables import column
from county_metrics.present.wording import both, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LEAST_P = 0.001
_DIGITS = 12
_ENDS = ("conf_low", "conf_high")


class AnalysisError(CountyMetricsError, ValueError):
    """Data or arguments that an analysis cannot use: what, which are allowed, what to do next."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimated number; an end, error or p-value that may not be given is None and `withheld` says why.

    Attributes
    ----------
    term : str
        Id, lower-case ASCII with underscores.
    label, withheld : dict
        Text nodes; `withheld` is None where nothing is withheld.
    estimate, std_error, statistic, p_value, conf_low, conf_high : float or None
        In `unit`; `p_value` is two-sided unless the label says otherwise.
    unit : str
        Unit of the estimate: an id of ``vocab/units.csv``, or the reader's own word.
    places : int
        Decimal places shown.
    """

    term: str
    label: dict[str, Any]
    estimate: float
    std_error: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    unit: str = ""
    withheld: dict[str, Any] | None = None
    places: int = 3


@dataclass(frozen=True, eq=False)
class EffectResult(payload.Shown):
    """Result of an estimator: labelled, frozen, without clock or address.

    Attributes
    ----------
    method, design : str
        Ids: of the estimator, and of the design of the data (one of `designs()`).
    estimand : dict
        What the first estimate is, in words.
    estimates : tuple of Estimate
        The headline first.
    counts : dict
        Numbers of observations, by name: ``observations`` always, then ``before``, ``after``, ``units``, ``clusters``….
    settings : dict
        What was chosen or derived (lags, weights, comparison group), by name.
    assumptions, notes : tuple of dict
        Text nodes: what the estimate rests on, and what a reader must know of this one.
    checks : tuple of CheckResult
        Robustness checks; `passed` None informs.
    data : pandas.DataFrame
        Behind the plot.
    plots : tuple of dict
        Plot blocks, the main one first.
    level : float
        Confidence of the intervals.
    simulated : bool
        Made-up data; stamped on everything shown.
    """

    method: str
    design: str
    estimand: dict[str, Any]
    estimates: tuple[Estimate, ...]
    counts: dict[str, int]
    settings: dict[str, Any] = field(default_factory=dict)
    assumptions: tuple[dict[str, Any], ...] = ()
    notes: tuple[dict[str, Any], ...] = ()
    checks: tuple[CheckResult, ...] = ()
    data: pd.DataFrame | None = None
    plots: tuple[dict[str, Any], ...] = ()
    level: float = 0.95
    simulated: bool = False

    @property
    def headline(self) -> Estimate:
        """The first estimate."""
        return self.estimates[0]

    @property
    def estimate(self) -> float:
        """The headline's number."""
        return self.headline.estimate

    @property
    def std_error(self) -> float | None:
        """Standard error of the headline; None where there is none to give."""
        return self.headline.std_error

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value of the headline; None where there is none to give."""
        return self.headline.p_value

    @property
    def conf_low(self) -> float | None:
        """Lower end of the headline's interval."""
        return self.headline.conf_low

    @property
    def conf_high(self) -> float | None:
        """Upper end of the headline's interval."""
        return self.headline.conf_high

    @property
    def n_obs(self) -> int:
        """Observations used."""
        return self.counts["observations"]

    def conf_int(self) -> tuple[float | None, float | None]:
        """Both ends of the headline's interval at `level`."""
        return self.conf_low, self.conf_high

    def __getitem__(self, term: str) -> Estimate:
        found = {estimate.term: estimate for estimate in self.estimates}
        if term not in found:
            raise KeyError(f"there is no term '{term}'; there are {', '.join(found)}")
        return found[term]

    def tidy(self) -> pd.DataFrame:
        """One row an estimate, with the columns of R's broom.

        Returns
        -------
        pandas.DataFrame
            ``term, estimate, std_error, statistic, p_value, conf_low, conf_high, unit``; what is withheld is missing.
        """
        import pandas as pd

        names = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "unit")
        numeric = names[1:-1]
        table = pd.DataFrame([{name: getattr(found, name) for name in names} for found in self.estimates])
        return table.astype(dict.fromkeys(numeric, float))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the data, as plain values."""
        names = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "unit")
        return {
            "method": self.method,
            "design": self.design,
            "level": self.level,
            "simulated": self.simulated,
            **{f"n_{name}": count for name, count in self.counts.items()},
            **self.settings,
            "estimates": [{name: getattr(found, name) for name in names} for found in self.estimates],
        }

    def payload(self) -> dict[str, Any]:
        """Table of the estimates with what they rest on; checks below."""
        parts = [estimates_table(self)]
        return payload.stack(*parts, Checks(self.checks).payload()) if self.checks else parts[0]

    def plot_block(self, which: int = 0) -> Block:
        """One of the plots as a block."""
        return Block(self._plot(which))

    def plot(self, which: int = 0) -> Figure:
        """One of the plots as a matplotlib figure in the current language."""
        from county_metrics.present.plots import draw
        from county_metrics.present.wording import current_language

        return draw(self._plot(which), current_language())

    def _plot(self, which: Any) -> dict[str, Any]:
        if isinstance(which, bool) or not isinstance(which, Integral) or not 0 <= int(which) < len(self.plots):
            raise AnalysisError(f"there is no plot {which!r}; this result has {len(self.plots)}, counted from 0")
        return self.plots[int(which)]

    def __repr__(self) -> str:
        return self.summary()


def estimates_table(result: EffectResult) -> dict[str, Any]:
    """Table block of the estimates; what is withheld is said in the notes."""
    level = number(f"{100 * result.level:g}", ref="param:level")
    columns = [
        column("term", say("effect.term")),
        column("estimate", say("effect.estimate"), numeric=True),
        column("std_error", say("effect.std_error"), numeric=True),
        column("interval", say("effect.interval", level=level), numeric=True),
        column("p_value", say("effect.p_value"), numeric=True),
    ]
    rows = [[found.label, *_shown(found)] for found in result.estimates]
    counted = [
        say("effect.counted", what=say(f"count.{name}"), count=number(count, ref=f"result:n_{name}"))
        for name, count in result.counts.items()
    ]
    reasons = {repr(found.withheld): found.withheld for found in result.estimates if found.withheld}
    stamp = [say("effect.simulated")] if result.simulated else []
    notes = [*stamp, *counted, *reasons.values(), *result.notes, *result.assumptions]
    return payload.table(result.method, result.estimand, columns, rows, notes)


def effect_number(found: Estimate, field_name: str) -> dict[str, Any]:
    """Number node of a field of an estimate, or the word for what is withheld."""
    value, name = getattr(found, field_name), f"{found.term}_{field_name}"
    if value is None or not math.isfinite(value):
        return say("effect.withheld") if found.withheld else say("number.none")
    if field_name == "p_value":
        return p_number(value, f"result:{name}")
    return number(plain_value(value), ref=f"result:{name}", places=found.places)


def p_number(value: float, ref: str) -> dict[str, Any]:
    """A p-value to three places, or the words that it is smaller."""
    if value < LEAST_P:
        return say("effect.below", least=number(LEAST_P, ref="constant:least_p"))
    return number(plain_value(value), ref=ref, places=3)


def _shown(found: Estimate) -> list[Any]:
    interval = effect_number(found, "conf_low")
    if (found.conf_low, found.conf_high) != (None, None):
        low, high = (effect_number(found, end) if getattr(found, end) is not None else say("number.open") for end in _ENDS)
        interval = say("number.bracket", low=low, high=high)
    return [*(effect_number(found, name) for name in ("estimate", "std_error")), interval, effect_number(found, "p_value")]


def plain_value(value: float) -> str:
    """A computed number as decimal text, the same on every machine.

    Examples
    --------
    >>> plain_value(-0.1 - 0.2), plain_value(86.0)
    ('-0.3', '86')
    """
    text = f"{value:.{_DIGITS}g}"
    return "0" if text == "-0" else text


def own_label(text: str) -> dict[str, Any]:
    """Label of a reader's own column, the same in both languages."""
    return both(text, text)


Alternative = Literal["two-sided", "less", "greater"]


def fitting_places(*values: float) -> int:
    """Decimal places for three significant digits of the largest of some numbers, at most 12; up to 6 for two of the smallest.

    Examples
    --------
    >>> fitting_places(-143.7, 12.3), fitting_places(0.0123, 1e-9), fitting_places(1.23e-8), fitting_places(0.0)
    (0, 6, 10, 3)
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    if not sizes:
        return 3
    top = 2 - math.floor(math.log10(max(sizes)))
    return min(max(1 - math.floor(math.log10(min(sizes))), top, 0), max(6, min(top, 12)))
