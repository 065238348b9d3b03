"""Kinds of notebook parameters, for the annotations of a notebook's parameters cell."""

from typing import Literal as Choice
from typing import TypeAlias

CaseId: TypeAlias = str
"""Id of a curated case, or the folder of a case of your own."""

PairId: TypeAlias = str
"""Id of a before/after pair of the case."""

__all__ = ["CaseId", "Choice", "PairId"]
