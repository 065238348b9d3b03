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
    "difference_in_differences": "analysis.differences",
    "difference_in_means": "analysis.differences",
    "event_study": "analysis.event_study",
    "staggered_adoption": "analysis.event_study",
    "twfe_decomposition": "analysis.decomposition",
    "synthetic_control": "analysis.synthetic",
    "synthetic_did": "analysis.synthetic_did",
    "randomisation_inference": "analysis.randomisation",
    "endpoint_change": "analysis.endpoints",
    "specification": "analysis.specification",
    "specification_curve": "analysis.specification",
    "compare": "analysis.sources",
    "sources": "analysis.sources",
    "check_change": "analysis.check",
    "gate": "analysis.design",
    "interrupted_time_series": "analysis.series",
    "controlled_time_series": "analysis.controlled",
    "process_behaviour": "analysis.behaviour",
    "structural_break": "analysis.breaks",
    "placebo_dates": "analysis.series_checks",
    "series_checks": "analysis.series_checks",
    "series_curve": "analysis.series_checks",
    "compare_records": "analysis.records",
    "compare_survival": "analysis.survival",
    "compare_shares": "analysis.proportions",
    "compare_counts": "analysis.rates",
    "bootstrap_interval": "analysis.bootstrap",
    "simulate_records": "analysis.simulate",
    "simulate_series": "analysis.simulate",
    "simulate_panel": "analysis.simulate",
    "simulate_synthetic_control": "analysis.simulate",
    "known_truth": "analysis.simulate",
    "look": "analysis.readout",
    "readout": "analysis.readout",
    "working_days": "analysis.working_days",
    "calendar_range": "analysis.working_days",
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
    "bootstrap_interval",
    "calendar_range",
    "cases",
    "check_change",
    "check_data",
    "claims",
    "compare",
    "compare_counts",
    "compare_records",
    "compare_shares",
    "compare_survival",
    "controlled_time_series",
    "difference_in_differences",
    "difference_in_means",
    "endpoint_change",
    "event_study",
    "figure",
    "figures",
    "gate",
    "interrupted_time_series",
    "known_truth",
    "load_case",
    "look",
    "mechanisms",
    "placebo_dates",
    "process_behaviour",
    "randomisation_inference",
    "readout",
    "record",
    "series_checks",
    "series_curve",
    "set_language",
    "show",
    "simulate_panel",
    "simulate_records",
    "simulate_series",
    "simulate_synthetic_control",
    "sources",
    "specification",
    "specification_curve",
    "staggered_adoption",
    "structural_break",
    "synthetic_control",
    "synthetic_did",
    "twfe_decomposition",
    "working_days",
]

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
