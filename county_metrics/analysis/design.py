"""The design gate: what each kind of data may bear, and the refusal that teaches."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from county_metrics.errors import CountyMetricsError, unknown_id
from county_metrics.present import payload
from county_metrics.present.tables import column
from county_metrics.present.wording import both, current_language, join, plain, say


@dataclass(frozen=True, slots=True)
class Design:
    """A kind of data: its notation, what it holds, and the analyses it may bear."""

    id: str
    notation: str
    label: dict[str, str]
    holds: dict[str, str]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Something a reader may ask for, and the designs that can answer it."""

    id: str
    label: dict[str, str]
    why: dict[str, str]
    answerable_with: dict[str, str]
    designs: tuple[str, ...]


@cache
def _registry() -> tuple[dict[str, Design], dict[str, Analysis]]:
    loaded = tomllib.loads((Path(__file__).parent / "designs.toml").read_text("utf-8"))
    designs = {
        name: Design(name, entry["notation"], entry["label"], entry["holds"], tuple(entry["open"]))
        for name, entry in loaded["design"].items()
    }
    analyses = {
        name: Analysis(
            name, entry["label"], entry["why"], entry["answerable_with"], tuple(d.id for d in designs.values() if name in d.open)
        )
        for name, entry in loaded["analysis"].items()
    }
    return designs, analyses


def designs() -> dict[str, Design]:
    """Every design by id."""
    return _registry()[0]


def analyses() -> dict[str, Analysis]:
    """Everything that may be asked for, by id."""
    return _registry()[1]


class DesignError(CountyMetricsError):
    """A refusal: the data cannot bear what was asked. It shows itself in a notebook, in either language.

    Parameters
    ----------
    asked : Analysis
        What was asked for.
    have : Design
        The design of the data at hand.
    """

    def __init__(self, asked: Analysis, have: Design) -> None:
        self.asked, self.have = asked, have
        super().__init__(plain(join(self._paragraphs(), "\n"), current_language()))

    def _paragraphs(self) -> list[dict[str, Any]]:
        listed = join([analyses()[name].label for name in self.have.open], both("; ", "；"))
        return [
            say("refusal.asked", asked=self.asked.label),
            say("refusal.have", label=self.have.label, notation=self.have.notation, holds=self.have.holds),
            self.asked.why,
            say("refusal.needed", needed=self.asked.answerable_with),
            say("refusal.open", listed=listed),
        ]

    def payload(self) -> dict[str, Any]:
        """Language-neutral notice of the refusal."""
        return payload.notice("refusal", say("refusal.title", asked=self.asked.label), *self._paragraphs())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return payload.bundle(self.payload())


@dataclass(frozen=True, slots=True)
class Decision(payload.Shown):
    """Answer of the gate: whether the design of the data can bear an analysis, and why not."""

    asked: Analysis
    have: Design

    @property
    def allowed(self) -> bool:
        """Whether the analysis is open to this design."""
        return self.asked.id in self.have.open

    def require(self) -> None:
        """Do nothing if allowed.

        Raises
        ------
        DesignError
            If not; its text says what was asked, what the data has, what would make it answerable
            and which analyses are open now.
        """
        if not self.allowed:
            raise DesignError(self.asked, self.have)

    def payload(self) -> dict[str, Any]:
        """Notice that it is open, or the refusal."""
        if not self.allowed:
            return DesignError(self.asked, self.have).payload()
        return payload.notice("open", say("refusal.allowed", asked=self.asked.label, label=self.have.label))


def gate(data: Any, analysis: str) -> Decision:
    """Ask whether data can bear an analysis, before asking for the analysis.

    Parameters
    ----------
    data : object with a ``design``, or str
        A pair, a result, or the id of a design.
    analysis : str
        Id of what is asked for, one of `analyses()`.

    Returns
    -------
    Decision
        ``allowed``, and a text that teaches where it is not.

    Raises
    ------
    UnknownIdError
        For an unknown design or analysis.

    Examples
    --------
    >>> gate("endpoints", "significance_test").allowed
    False
    """
    design = data if isinstance(data, str) else data.design
    if design not in designs():
        raise unknown_id("design", str(design), list(designs()))
    if analysis not in analyses():
        raise unknown_id("analysis", analysis, list(analyses()))
    return Decision(analyses()[analysis], designs()[design])


def design_block(data: Any) -> payload.Block:
    """What the design of the data at hand can say, and everything it cannot, as a table."""
    have = designs()[data if isinstance(data, str) else data.design]
    columns = [column("analysis", say("gate.analysis")), column("open", say("gate.open_now")), column("needs", say("gate.needs"))]
    rows = []
    for analysis in analyses().values():
        allowed = analysis.id in have.open
        rows.append([analysis.label, say("gate.yes" if allowed else "gate.no"), "" if allowed else analysis.answerable_with])
    caption = say("gate.caption", label=have.label, notation=have.notation)
    return payload.Block(payload.table("design_gate", caption, columns, rows, [both(have.holds["en"], have.holds["zh"])]))
