"""What the sources claim, re-derived, and which figures may be set beside each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from county_metrics.analysis.endpoints import endpoint_change
from county_metrics.analysis.record import Record, result_row
from county_metrics.analysis.show import slope
from county_metrics.evidence.audit import VERDICTS, Verdict
from county_metrics.evidence.card import figure_number, period_text
from county_metrics.evidence.case import Pair
from county_metrics.evidence.frames import curated
from county_metrics.evidence.schema import Figure
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, group, join, say


@payload.shows
def guide() -> dict[str, Any]:
    """How to read published figures: the terms that change what a number means."""
    rows = [[say(f"guide_term.{term}"), say(f"guide_text.{term}")] for term in group("guide_term")]
    columns = [column("term", say("guide.term")), column("text", say("guide.text"))]
    return payload.table("guide", say("guide.caption"), columns, rows)


@payload.shows
def case_table() -> dict[str, Any]:
    """Every case with its standing and why it is known; a case without figures is shown too."""
    rows = []
    for case in curated().cases:
        count = number(len(case.figures), ref=f"result:figures_{case.id}")
        rows.append([both(**case.name), both(**case.level), say(f"status.{case.status}"), count, both(**case.selection)])
    columns = [column(n, say(f"cases.{n}"), numeric=n == "figures") for n in ("place", "level", "status", "figures", "selection")]
    return payload.table("cases", say("cases.caption"), columns, rows, [say("cases.note")])


@payload.shows
def figures_of(case: str) -> dict[str, Any]:
    """Every figure of a case as published: printed form, value, scope, statistic, period with its basis."""
    rows = [
        [
            both(**f.indicator.label),
            both(f.printed, f.printed),
            figure_number(f),
            both(**f.scope),
            say(f"statistic.{f.statistic}"),
            period_text(f),
        ]
        for f in curated().figures.values()
        if f.case == case
    ]
    names = ("indicator", "printed", "value", "scope", "statistic", "period")
    columns = [column(name, say(f"evidence.{name}"), numeric=name == "value") for name in names]
    return payload.table("figures", say("cases.figures_caption"), columns, rows)


def _verdicts(case: str) -> list[Verdict]:
    return [verdict for verdict in curated().verdicts if verdict.claim.case == case]


@payload.shows
def claims(case: str) -> dict[str, Any]:
    """Every claim about a case with its verdict and the reason."""
    verdicts = sorted(_verdicts(case), key=lambda v: (-VERDICTS.index(v.verdict) % 3, v.claim.id))
    rows = [[both(**v.claim.text), say(f"verdict.{v.verdict}"), both(**v.claim.reason)] for v in verdicts]
    columns = [column(name, say(f"audit.{name}")) for name in ("claim", "verdict", "reason")]
    return payload.table("claims", say("audit.caption"), columns, rows, [say("audit.note")])


@payload.shows
def readings_of(case: str) -> dict[str, Any]:
    """Claims that can be read in several ways: what each reading implies, beside what is printed."""
    rows = []
    for verdict in (v for v in _verdicts(case) if v.printed and len(v.implied) > 1):
        stated = curated().figures[verdict.claim.figure]
        for alternative, implied in zip(verdict.claim.alternatives, verdict.implied, strict=True):
            ref = f"result:{verdict.claim.id}_{alternative.id}"
            fits = {True: "yes", False: "no", None: "open"}[implied.fits]
            value = number(implied.value, ref=ref, places=1)
            rows.append(
                [both(**verdict.claim.text), both(**implied.label), figure_number(stated), value, say(f"audit.fits_{fits}")]
            )
    if not rows:
        return payload.notice("note", say("audit.readings_caption"), say("audit.no_readings"))
    columns = [
        column(name, say(f"audit.{name}"), numeric=name in ("printed", "implied"))
        for name in ("claim", "reading", "printed", "implied", "fits")
    ]
    return payload.table("claim_readings", say("audit.readings_caption"), columns, rows)


def audit_record(case: str) -> Record:
    """Typed results of an audit: how many claims got each verdict, and what each reading implies."""
    verdicts = _verdicts(case)
    counts = Counter(verdict.verdict for verdict in verdicts)
    rows = [result_row(name, counts[name], "count", f"audit({case})") for name in VERDICTS]
    for verdict in verdicts:
        for alternative, implied in zip(verdict.claim.alternatives, verdict.implied, strict=False):
            name = f"{verdict.claim.id}_{alternative.id}"
            rows.append(
                result_row(
                    name, round(implied.value, 6), "as printed", f"audit({case})", implied.interval.low, implied.interval.high
                )
            )
    place = next(both(**found.name) for found in curated().cases if found.id == case)
    listed = [
        say("audit.count", verdict=say(f"verdict_name.{name}"), count=number(counts[name], ref=f"result:{name}"))
        for name in VERDICTS
    ]
    return Record(tuple(rows), {"place": place, "title": say("audit.title"), "headline": join(listed, both("; ", "；"))})


@dataclass(frozen=True, slots=True)
class Comparison(payload.Shown):
    """Whether two figures may be set beside each other, and each reason why not."""

    first: Figure
    second: Figure

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of what differs or is unknown; empty when nothing speaks against it."""
        one, two = self.first, self.second
        same = one.indicator.id == two.indicator.id or two.indicator.id in one.indicator.comparable_to
        dated = one.period_basis == two.period_basis == "stated"
        found = {
            "indicator": not same,
            "unit": one.unit.id != two.unit.id,
            "day_type": one.indicator.day_type != two.indicator.day_type,
            "statistic": one.statistic != two.statistic or one.statistic == "unstated",
            "undated": not dated,
            "period": dated and one.period != two.period,
            "kind": one.kind != two.kind or one.role != two.role,
        }
        return tuple(name for name, wrong in found.items() if wrong)

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against the comparison."""
        return not self.faults

    def payload(self) -> dict[str, Any]:
        """The two figures, and the refusal with its reasons or the word that it is open."""
        shown = [
            say("compare.figure", value=figure_number(f), scope=both(**f.scope), period=period_text(f))
            for f in (self.first, self.second)
        ]
        if self.allowed:
            return payload.notice("open", say("compare.allowed"), *shown)
        return payload.notice(
            "refusal", say("compare.refused"), *shown, *(say(f"compare.{name}") for name in self.faults), say("compare.needed")
        )


def compare(first: str, second: str) -> Comparison:
    """Ask whether two figures may be compared.

    Parameters
    ----------
    first, second : str
        Ids of figures.

    Raises
    ------
    UnknownIdError
        If there is no such figure.

    Examples
    --------
    >>> compare("jiashan_income_ratio", "longgang_income_ratio").faults
    ('statistic', 'undated')
    """
    from county_metrics.evidence.frames import figure

    return Comparison(figure(first).figure, figure(second).figure)


def pairs_of(nature: str) -> list[Pair]:
    """Pairs of every case whose indicator is of a nature."""
    return [pair for case in curated().cases for pair in case.pairs if pair.indicator.nature == nature]


@payload.shows
def multiples(nature: str) -> dict[str, Any]:
    """Pairs of one nature as small multiples, each in its own unit; no common scale, nothing pooled."""
    panels, names = [], []
    for pair in pairs_of(nature):
        title = join([both(**pair.indicator.label), both(**pair.case_name)], "\n")
        panels.append(slope(endpoint_change(pair)).payload()["data"] | {"title": title})
        names.append(both(**pair.indicator.label))
    caption = say("compare.multiples", nature=say(f"nature_name.{nature}"))
    alt = say("compare.multiples_alt", listed=join(names, both("; ", "；")))
    return payload.plot("multiples", f"pairs_{nature}", caption, alt, {"panels": panels})


@payload.shows
def pairs_table(nature: str) -> dict[str, Any]:
    """The same pairs as a table: each change in its own measure, with the places it must not be averaged over."""
    rows = []
    for pair in pairs_of(nature):
        change = endpoint_change(pair)
        name, unit = (
            ("percentage_points", say("unit.percentage_points"))
            if change.percentage_points
            else ("percent_change", both("%", "%"))
        )
        value = number(change.estimate, ref=f"result:{pair.case}_{pair.id}", places=1, signed=True, unit=unit)
        rows.append(
            [
                both(**pair.indicator.label),
                both(**pair.case_name),
                figure_number(pair.before),
                figure_number(pair.after),
                value,
                say(f"measure.{name}"),
            ]
        )
    labels = ("indicator", "place", "before", "after", "change", "measure")
    columns = [column(n, say(f"compare.{n}_column"), numeric=n in ("before", "after", "change")) for n in labels]
    return payload.table("pairs", say("compare.table"), columns, rows, [say("compare.not_pooled")])


def pairs_record(nature: str) -> Record:
    """Typed results of a comparison: the change of every pair of one nature."""
    rows = []
    for pair in pairs_of(nature):
        change = endpoint_change(pair)
        bounded = change.percentage_points or change.percent_change
        unit = "percentage_point" if change.percentage_points else "percent"
        rows.append(result_row(f"{pair.case}_{pair.id}", bounded.value, unit, "endpoint_change", bounded.low, bounded.high))
    card = {"place": say("compare.places"), "title": say("compare.title"), "headline": say(f"nature_name.{nature}")}
    return Record(tuple(rows), card)


@payload.shows
def works(sources: tuple[str, ...] = ()) -> dict[str, Any]:
    """Works that figures come from, each with its author's interest; all when none is named."""
    listed = [source for source in curated().words.sources.values() if not sources or source.id in sources]
    rows = [[both(**source.cite), both(**source.interest)] for source in listed]
    columns = [column("source", say("evidence.source")), column("interest", say("evidence.interest"))]
    return payload.table("works", say("evidence.works"), columns, rows)
