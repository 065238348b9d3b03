"""Ready-made views of a case and a change for notebooks; each shows itself in the reader's language."""

from __future__ import annotations

from county_metrics.analysis import show
from county_metrics.analysis.design import design_block
from county_metrics.analysis.result import ChangeResult
from county_metrics.evidence.browse import timeline_block
from county_metrics.evidence.card import evidence_block, grade_block
from county_metrics.evidence.case import Case, Pair
from county_metrics.present.payload import Block

__all__ = [
    "break_even",
    "design",
    "evidence",
    "grade",
    "intervals",
    "reading",
    "readings",
    "references",
    "slope",
    "timeline",
    "title",
]


def evidence(pair: Pair) -> Block:
    """The two figures as published, with source and author's interest."""
    return Block(evidence_block(pair))


def grade(pair: Pair) -> Block:
    """The four items of the evidence grade."""
    return Block(grade_block(pair))


def timeline(case: Case) -> Block:
    """Reforms and other events of the case in order of their dates."""
    return Block(timeline_block(case))


def design(data: Pair | ChangeResult) -> Block:
    """What the design of the data can and cannot say."""
    return design_block(data)


def slope(change: ChangeResult) -> Block:
    """Slope plot of the two figures with their bounds."""
    return Block(show.slope_block(change))


def readings(change: ChangeResult) -> Block:
    """Table of the change under every reading."""
    return Block(show.readings_block(change))


def intervals(change: ChangeResult) -> Block:
    """Plot of the change under every reading."""
    return Block(show.intervals_block(change))


def break_even(change: ChangeResult) -> Block:
    """Break-even trend, or why there is none."""
    return Block(show.break_even_block(change))


def reading(change: ChangeResult) -> Block:
    """The change in sentences, every number from the result."""
    return Block(show.reading_block(change))


def title(pair: Pair) -> Block:
    """What is looked at, with the notation of the design and what kind of data it is."""
    return Block(show.title_block(pair))


def references(pair: Pair) -> Block:
    """Works cited: the sources of the figures and the design's own literature."""
    return Block(show.references_block(pair))
