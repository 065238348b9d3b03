"""What may not be given of a fit to a series, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from county_metrics.analysis.effect import plain_value
from county_metrics.analysis.series_counts import MOST_LATENT
from county_metrics.analysis.series_coverage import LEAST_COVERAGE, lag_one, simulated_coverage, upper_rho
from county_metrics.analysis.series_data import Floats, Segments
from county_metrics.analysis.series_fit import Fit
from county_metrics.analysis.series_model import FULL_SIDE, LEAST_SIDE, Model, columns, lags_of, offset_of
from county_metrics.present.number import number
from county_metrics.present.wording import say

NOMINAL = number(95, ref="constant:nominal_level")
MOST_COUNT_NOISE = 0.2
Reasons = dict[str, tuple[dict[str, Any], bool]]


@dataclass(frozen=True)
class Gate:
    """Reason by term why no interval may be given, and whether the standard error goes too; what was found, as settings."""

    reasons: Reasons = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Lowest coverage and the correlation it was simulated with, for a text."""
        names = {"share": "coverage", "rho": "rho_upper"}
        return {slot: number(plain_value(self.found[name]), ref=f"result:{name}", places=3) for slot, name in names.items()}


def gate_of(series: Segments, model: Model, fit: Fit, terms: dict[str, Floats], use_t: bool) -> Gate:
    """What may not be given of this fit: too short, exact, chance counts, or intervals that fail in simulation."""
    before, after = series.sides()
    counted = {"before": number(before, ref="result:n_before"), "after": number(after, ref="result:n_after")}
    if min(before, after) < LEAST_SIDE:
        reason = say("series_why.few", least=number(LEAST_SIDE, ref="constant:least_side"), **counted)
        return Gate(dict.fromkeys(terms, (reason, True)))
    if fit.exact:
        return Gate(dict.fromkeys(terms, (say("series_why.exact"), True)))
    noise = _count_noise(series, model, fit)
    if noise > MOST_COUNT_NOISE:
        shown = number(plain_value(noise), ref="result:count_noise", places=2)
        return Gate(dict.fromkeys(terms, (say("series_why.counted", share=shown), False)), {"count_noise": noise})
    if model.correlated:
        limit = number(plain_value(fit.rho), ref="result:rho", places=2)
        bound = model.counts and fit.rho >= MOST_LATENT - 1e-4
        why = say("series_why.bound", rho=limit) if bound else say("series_why.first_order")
        return Gate(dict.fromkeys(terms, (why, False)) if bound or model.method == "ar1" else {})
    if model.method == "arima":
        return Gate(dict.fromkeys(terms, (say("series_why.order"), False)))
    offer = say("series_why.offer_counts" if model.counts else "series_why.offer_auto")
    if min(before, after) < FULL_SIDE:
        reason = say("series_why.short", full=number(FULL_SIDE, ref="constant:full_side"), offer=offer, **counted)
        return Gate(dict.fromkeys(terms, (reason, model.errors == "hac")))
    coverage, rho = coverage_of(series, model, fit, terms, use_t)
    found = {"rho_upper": rho, "coverage": min(coverage.values())} | {f"coverage_{term}": coverage[term] for term in coverage}
    gate = Gate(found=found)
    least = number(plain_value(LEAST_COVERAGE), ref="constant:least_coverage")
    why = say("series_why.coverage", least=least, offer=offer, level=NOMINAL, **gate.shown())
    return replace(gate, reasons={term: (why, False) for term, share in coverage.items() if share < LEAST_COVERAGE})


def _count_noise(series: Segments, model: Model, fit: Fit) -> float:
    """Share of the variance of log counts that they would have by chance alone; 0 for what is no logarithm of counts."""
    values = series.values[series.kept]
    if not model.log or model.counts or (values % 1).any():
        return 0.0
    left = np.log(values) - offset_of(series, model)[series.kept] - fit.fitted
    return float((1 / values).mean() / max(left @ left / fit.freedom, 1e-300)) if np.isfinite(fit.freedom) else 0.0


def coverage_of(
    series: Segments, model: Model, fit: Fit, terms: dict[str, Floats], use_t: bool
) -> tuple[dict[str, float], float]:
    """Simulated coverage of the 95 % interval of each term at the largest correlation left open, and that correlation.

    Not at the estimated one, and among series that look as this one does: where the correlation is small, its estimate
    is too small in just those series whose intervals fail.
    """
    from scipy import stats

    table, when = columns(series, model), series.places[series.kept]
    # On an orthonormal basis, as the fit is.
    design, turn = np.linalg.qr(np.column_stack([table[name] for name in fit.names])[series.kept])
    asked = np.linalg.solve(turn.T, np.column_stack(list(terms.values())))
    rows = design if fit.weights is None else design * np.sqrt(fit.weights)[:, None]
    kind = "hac" if model.errors == "hac" else "classical"
    narrow = 1.0 if use_t else float(stats.norm.ppf(0.975) / stats.t.ppf(0.975, fit.freedom))
    if model.counts and model.errors == "model":
        narrow /= float(np.sqrt(max(fit.dispersion, 1.0)))
    rho = upper_rho(rows, when, fit.rho)
    seen = float(lag_one(fit.residuals, np.diff(when)))
    shares = simulated_coverage(
        design, when, rho, asked, kind, lags=lags_of(series, model), weights=fit.weights, width=narrow, like=seen
    )
    return dict(zip(terms, (float(share) for share in shares), strict=True)), rho
