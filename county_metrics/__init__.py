"""Reforms in Chinese county governance: curated figures, before/after analyses, reports.

The public names are below; each is loaded when it is first used, so that importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Choice": "parameters",
    "CaseId": "parameters",
    "PairId": "parameters",
    "DataError": "errors",
    "ParameterError": "errors",
    "UnknownIdError": "errors",
    "DesignError": "analysis.design",
    "cases": "evidence.browse",
    "load_case": "evidence.load",
    "check_data": "evidence.verify",
    "figures": "evidence.frames",
    "figure": "evidence.frames",
    "claims": "evidence.frames",
    "mechanisms": "evidence.frames",
    "endpoint_change": "analysis.endpoints",
    "specification": "analysis.specification",
    "specification_curve": "analysis.specification",
    "compare": "analysis.sources",
    "sources": "analysis.sources",
    "check_change": "analysis.check",
    "gate": "analysis.design",
    "record": "analysis.record",
    "set_language": "present.wording",
    "show": "analysis.show",
}

__all__ = [
    "CaseId",
    "Choice",
    "DataError",
    "DesignError",
    "PairId",
    "ParameterError",
    "UnknownIdError",
    "__version__",
    "cases",
    "check_change",
    "check_data",
    "claims",
    "compare",
    "endpoint_change",
    "figure",
    "figures",
    "gate",
    "load_case",
    "mechanisms",
    "record",
    "set_language",
    "show",
    "sources",
    "specification",
    "specification_curve",
]

if TYPE_CHECKING:
    from county_metrics.analysis import show, sources
    from county_metrics.analysis.check import check_change
    from county_metrics.analysis.design import DesignError, gate
    from county_metrics.analysis.endpoints import endpoint_change
    from county_metrics.analysis.record import record
    from county_metrics.analysis.sources import compare
    from county_metrics.analysis.specification import specification, specification_curve
    from county_metrics.errors import DataError, ParameterError, UnknownIdError
    from county_metrics.evidence.browse import cases
    from county_metrics.evidence.frames import claims, figure, figures, mechanisms
    from county_metrics.evidence.load import load_case
    from county_metrics.evidence.verify import check_data
    from county_metrics.parameters import CaseId, Choice, PairId
    from county_metrics.present.wording import set_language


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'county_metrics' has no attribute '{name}'")
    module = import_module(f"county_metrics.{_WHERE[name]}")
    return module if name in ("show", "sources") else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
