"""Reforms in Chinese county governance: curated figures, before/after analyses, reports.

The public names are below; each is loaded when it is first used, so that importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_NAMES = {
    "parameters": "Choice CaseId PairId", "errors": "DataError ParameterError UnknownIdError",
    "analysis.design": "DesignError gate", "evidence.browse": "cases", "evidence.load": "load_case",
    "evidence.verify": "check_data", "evidence.frames": "figures figure claims mechanisms",
    "analysis.differences": "difference_in_differences difference_in_means",
    "analysis.event_study": "event_study staggered_adoption", "analysis.decomposition": "twfe_decomposition",
    "analysis.synthetic": "synthetic_control", "analysis.synthetic_did": "synthetic_did",
    "analysis.randomisation": "randomisation_inference", "analysis.endpoints": "endpoint_change",
    "analysis.specification": "specification specification_curve", "analysis.sources": "compare sources",
    "analysis.check": "check_change", "analysis.series": "interrupted_time_series",
    "analysis.controlled": "controlled_time_series", "analysis.behaviour": "process_behaviour",
    "analysis.breaks": "structural_break", "analysis.series_checks": "placebo_dates series_checks series_curve",
    "analysis.records": "compare_records", "analysis.survival": "compare_survival", "analysis.proportions": "compare_shares",
    "analysis.rates": "compare_counts", "analysis.bootstrap": "bootstrap_interval",
    "analysis.simulate": "simulate_records simulate_series simulate_panel simulate_synthetic_control known_truth",
    "analysis.readout": "look readout", "analysis.working_days": "working_days calendar_range", "analysis.record": "record",
    "present.wording": "set_language", "analysis.show": "show",
}  # fmt: skip
_WHERE = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "CaseId", "Choice", "DataError", "DesignError", "PairId", "ParameterError", "UnknownIdError", "__version__",
    "bootstrap_interval", "calendar_range", "cases", "check_change", "check_data", "claims", "compare", "compare_counts",
    "compare_records", "compare_shares", "compare_survival", "controlled_time_series", "difference_in_differences",
    "difference_in_means", "endpoint_change", "event_study", "figure", "figures", "gate", "interrupted_time_series",
    "known_truth", "load_case", "look", "mechanisms", "placebo_dates", "process_behaviour", "randomisation_inference",
    "readout", "record", "series_checks", "series_curve", "set_language", "show", "simulate_panel", "simulate_records",
    "simulate_series", "simulate_synthetic_control", "sources", "specification", "specification_curve", "staggered_adoption",
    "structural_break", "synthetic_control", "synthetic_did", "twfe_decomposition", "working_days",
]  # fmt: skip

if TYPE_CHECKING:
    from county_metrics.analysis import show, sources
    from county_metrics.analysis.behaviour import process_behaviour
    from county_metrics.analysis.bootstrap import bootstrap_interval
    from county_metrics.analysis.breaks import structural_break
    from county_metrics.analysis.check import check_change
    from county_metrics.analysis.controlled import controlled_time_series
    from county_metrics.analysis.decomposition import twfe_decomposition
    from county_metrics.analysis.design import DesignError, gate
    from county_metrics.analysis.differences import difference_in_differences, difference_in_means
    from county_metrics.analysis.endpoints import endpoint_change
    from county_metrics.analysis.event_study import event_study, staggered_adoption
    from county_metrics.analysis.proportions import compare_shares
    from county_metrics.analysis.randomisation import randomisation_inference
    from county_metrics.analysis.rates import compare_counts
    from county_metrics.analysis.readout import look, readout
    from county_metrics.analysis.record import record
    from county_metrics.analysis.records import compare_records
    from county_metrics.analysis.series import interrupted_time_series
    from county_metrics.analysis.series_checks import placebo_dates, series_checks, series_curve
    from county_metrics.analysis.simulate import (
        known_truth,
        simulate_panel,
        simulate_records,
        simulate_series,
        simulate_synthetic_control,
    )
    from county_metrics.analysis.sources import compare
    from county_metrics.analysis.specification import specification, specification_curve
    from county_metrics.analysis.survival import compare_survival
    from county_metrics.analysis.synthetic import synthetic_control
    from county_metrics.analysis.synthetic_did import synthetic_did
    from county_metrics.analysis.working_days import calendar_range, working_days
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
