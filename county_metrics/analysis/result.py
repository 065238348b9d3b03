"""What an analysis returns: frozen, labelled, with its estimand in words and no clock in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from county_metrics.analysis.design import DesignError, analyses, designs
from county_metrics.evidence.bounds import Interval
from county_metrics.evidence.case import Pair
from county_metrics.present import payload
from county_metrics.present.payload import Block

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number with the bounds that rounding leaves open; an unknown end is None."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the two published numbers, and the change that follows."""

    id: str
    label: dict[str, Any]
    before: Interval
    after: Interval
    percent_change: Bounded
    absolute_change: Bounded

    def change(self, measure: str) -> Bounded:
        """The change in a measure; percentage points are the absolute change of a share."""
        return self.absolute_change if measure == "percentage_points" else self.percent_change


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Secular trend that alone would give the change over `years` years."""

    years: int
    trend: Decimal
    basis: str


@dataclass(frozen=True)
class ChangeResult(payload.Shown):
    """Change between two published endpoints; a description, never an effect.

    Attributes
    ----------
    estimand : dict
        What the number is, in words.
    absolute_change, percent_change, ratio, log_ratio : Bounded
        In the unit; in percent; after / before; its natural logarithm. Bounds are from rounding only.
    percentage_points : Bounded or None
        Change in percentage points, for shares only.
    readings : tuple of Reading
        The reading as printed first, then every other one.
    break_even : tuple of TrendPoint
        A grid over years; one entry where the dates are printed; empty where the indicator's nature allows none.
    break_even_reason : dict or None
        Why there is no break-even trend, as a text node.
    assumptions : tuple of dict
        What the description rests on.
    """

    pair: Pair
    estimand: dict[str, Any]
    absolute_change: Bounded
    percent_change: Bounded
    ratio: Bounded
    log_ratio: Bounded
    percentage_points: Bounded | None
    readings: tuple[Reading, ...]
    break_even: tuple[TrendPoint, ...]
    break_even_unit: str
    break_even_reason: dict[str, Any] | None
    years: int
    assumptions: tuple[dict[str, Any], ...] = field(default=())

    @property
    def design(self) -> str:
        """Id of the design the numbers come from."""
        return self.pair.design

    @property
    def estimate(self) -> Decimal:
        """The headline: percentage points for a share, percent otherwise."""
        return (self.percentage_points or self.percent_change).value

    @property
    def std_error(self) -> None:
        """None: two published endpoints have no sampling error that could be known."""
        return None

    @property
    def p_value(self) -> float:
        """Refused.

        Raises
        ------
        DesignError
            Always, with the data that would make a test possible.
        """
        raise DesignError(analyses()["significance_test"], designs()[self.design])

    def conf_int(self) -> tuple[float, float]:
        """Refused: the bounds of the result are from rounding, not from sampling.

        Raises
        ------
        DesignError
            Always, with the data that would make an interval possible.
        """
        raise DesignError(analyses()["sampling_interval"], designs()[self.design])

    def to_dict(self) -> dict[str, Any]:
        """Every number by name, exact decimals as text, ends that are open as None."""
        row: dict[str, Any] = {
            "case": self.pair.case,
            "pair": self.pair.id,
            "indicator": self.pair.indicator.id,
            "design": self.design,
            "unit": self.pair.before.unit.id,
            "statistic": self.pair.before.statistic,
        }
        for figure in (self.pair.before, self.pair.after):
            row[figure.role] = str(figure.value)
            row[f"{figure.role}_low"], row[f"{figure.role}_high"] = _text(figure.bounds.low), _text(figure.bounds.high)
            row[f"{figure.role}_period"], row[f"{figure.role}_period_basis"] = figure.period, figure.period_basis
        for name in ("absolute_change", "percent_change", "percentage_points", "ratio", "log_ratio"):
            bounded = getattr(self, name)
            row[name], row[f"{name}_low"], row[f"{name}_high"] = (
                (_text(bounded.value), _text(bounded.low), _text(bounded.high)) if bounded else (None, None, None)
            )
        row["bounds"] = "rounding only"
        row["std_error"] = None
        return row

    def tidy(self) -> pd.DataFrame:
        """One wide row: every number with its bounds, percentages in percent.

        Returns
        -------
        pandas.DataFrame
            Shape (1, 33); numbers as float, what cannot be known as missing.
        """
        import pandas as pd

        row = self.to_dict()
        words = {"case", "pair", "indicator", "design", "unit", "statistic", "bounds"}
        plain = {
            name: value
            if name in words or name.endswith(("_period", "_basis"))
            else float("nan")
            if value is None
            else float(value)
            for name, value in row.items()
        }
        return pd.DataFrame([plain])

    def payload(self) -> dict[str, Any]:
        """Summary block: the numbers, the readings and what they rest on."""
        from county_metrics.analysis.show import change_block

        return change_block(self)

    def plot_block(self) -> Block:
        """The change as a slope plot with its bounds."""
        from county_metrics.analysis.show import slope

        return slope(self)

    def plot(self) -> Figure:
        """The slope plot as a matplotlib figure in the current language."""
        from county_metrics.present.plots import draw
        from county_metrics.present.wording import current_language

        return draw(self.plot_block().payload(), current_language())

    def __repr__(self) -> str:
        return self.summary()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
