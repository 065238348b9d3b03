"""Two-way fixed effects with starts that differ, taken apart beside the staggered estimate."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from county_metrics.analysis.arguments import choice, share
from county_metrics.analysis.check import CheckResult
from county_metrics.analysis.clustered import places
from county_metrics.analysis.effect import EffectResult, Estimate
from county_metrics.analysis.group_time import Comparison, estimates_of, fit_cells, overall, parts_of
from county_metrics.analysis.panel import Panel, library_notes, read_panel
from county_metrics.analysis.within import fit_within
from county_metrics.present.number import number
from county_metrics.present.wording import say


def decompose(panel: Panel) -> tuple[float, pd.DataFrame | None, list[dict[str, Any]]]:
    """Two-way fixed effects coefficient on starts that differ, its two-by-two comparisons by kind, and the library's warnings."""
    coefficient = float(fit_within(panel, sparse.csr_array(panel.exposed[:, None])).coefficient[0])
    if panel.wide() is None or panel.weighted or panel.covariates.shape[1]:
        return coefficient, None, []
    from diff_diff import BaconDecomposition

    start = np.where(np.isfinite(panel.start), panel.start + 1, 0)[panel.unit]
    frame = pd.DataFrame({"y": panel.outcome, "unit": panel.unit, "time": panel.period + 1, "start": start})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        parts = BaconDecomposition().fit(frame, "y", "unit", "time", "start").comparisons
    rows = [{"kind": part.comparison_type, "estimate": part.estimate, "weight": part.weight} for part in parts]
    return coefficient, pd.DataFrame(rows), library_notes(said)


def twfe_decomposition(
    data: pd.DataFrame, *, outcome: str, unit: str, period: str, treatment_start: str | None = None, treated: str | None = None,
    comparison: Comparison = "not_yet_treated", weights: str | None = None, cluster: str | None = None,
    covariates: Sequence[str] = (), log: bool = False, balanced: bool = False, level: float = 0.95,
) -> EffectResult:  # fmt: skip
    """Two-way fixed effects with starts that differ, taken apart (Goodman-Bacon) beside the staggered estimate.

    Parameters
    ----------
    data, outcome, unit, period, treatment_start, treated, comparison, weights, cluster, covariates, log, balanced, level
        As for `staggered_adoption`.

    Returns
    -------
    EffectResult
        Headline: the staggered estimate. Then the two-way fixed effects coefficient without error, and the mean of each kind of
        comparison; `data` holds every comparison with its weight.

    Raises
    ------
    AnalysisError
        For a faulty panel.

    Notes
    -----
    **Estimand.** As `staggered_adoption`; the coefficient itself estimates no mean effect.
    **Assumptions.** As `staggered_adoption`.
    **Not for.** Reporting the coefficient as an effect.
    """
    panel = read_panel(
        data, outcome=outcome, unit=unit, period=period, treatment_start=treatment_start, treated=treated, weights=weights,
        cluster=cluster, covariates=covariates, log=log, balanced=balanced,
        wrong=(share("level", level), choice("comparison", comparison, Comparison)),
    )  # fmt: skip
    cells = fit_cells(panel, "not_yet_treated" if panel.treated.all() else comparison, "reg", "varying")
    coefficient, parts, said = decompose(panel)
    reason, found = (
        say("staggered.twfe_withheld"),
        estimates_of(panel, overall(cells, parts_of(cells))["simple"], level, [("simple", say("staggered.simple"))]),
    )
    found.append(
        Estimate("twfe", say("staggered.twfe"), coefficient, unit=panel.measure, withheld=reason, places=places(coefficient))
    )
    checks, notes = [], said
    if parts is None:
        notes.append(say("staggered.no_parts"))
    else:
        for kind, rows in parts.groupby("kind"):
            value = float(np.average(rows["estimate"], weights=rows["weight"]))
            label, why = say(f"staggered.kind_{kind}"), say("staggered.part_withheld")
            found.append(Estimate(str(kind), label, value, unit=panel.measure, withheld=why, places=places(value)))
        part = 100 * float(parts.loc[parts["kind"] == "later_vs_earlier", "weight"].sum())
        text = say("panel_check.forbidden_text", share=number(f"{part:.9g}", ref="result:forbidden_share", places=1))
        checks = [
            CheckResult("forbidden", None if math.isclose(part, 0, abs_tol=1e-9) else False, say("panel_check.forbidden"), text)
        ]
    return EffectResult(
        method="twfe_decomposition", design="panel", estimand=say("staggered.estimand"), estimates=tuple(found),
        counts=panel.counts, settings={"comparison": comparison},
        assumptions=(say("panel.parallel"), say("panel.no_anticipation")), notes=(*panel.notes, *cells.notes, *notes),
        checks=tuple(checks), data=parts, level=level, simulated=panel.simulated,
    )  # fmt: skip
