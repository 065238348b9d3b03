"""Cases: the list of them, and a page for each with its timeline, mechanisms, figures, claims and runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from county_metrics.evidence.card import figure_number, period_text
from county_metrics.evidence.case import Case
from county_metrics.evidence.catalogue import Catalogue
from county_metrics.evidence.schema import Figure, Mechanism, Reform
from county_metrics.present.wording import both, plain, say
from county_metrics.report.cards import Context, Uses, case_known, claim_context, label, shown
from county_metrics.report.frame import frame
from county_metrics.report.links import known_figures
from county_metrics.report.pairs import pair_contexts


def case_list(data: Catalogue, language: str) -> Context:
    """Every case, those without a figure too, and why each is known."""
    path = "cases/index.html"
    cases = [
        {
            "url": f"{case.id}.html",
            "name": case.name[language],
            "place": f"{case.parent[language]} · {case.level[language]}",
            "status": plain(say(f"status.{case.status}"), language),
            "selection": shown(both(**case.selection), language, path, case_known(case)),
        }
        for case in ordered(data)
    ]
    return path, "cases", frame(language, path) | {"cases": cases}


def ordered(data: Catalogue) -> list[Case]:
    """Places before the general part, those with most figures first."""
    return sorted(data.cases, key=lambda case: (case.id == "national", -len(case.figures), case.id))


def case_pages(data: Catalogue, language: str, uses: Uses) -> Iterator[Context]:
    """A page for each case."""
    cases = ordered(data)
    for place, case in enumerate(cases):
        path = f"cases/{case.id}.html"
        known = case_known(case)
        before = cases[place - 1] if place else None
        after = cases[place + 1] if place + 1 < len(cases) else None
        mechanisms = [m for m in data.mechanisms if m.case == case.id]
        yield (
            path,
            "case",
            frame(language, path)
            | {
                "name": case.name[language],
                "other_name": case.name["zh" if language == "en" else "en"],
                "place": f"{case.parent[language]} · {case.level[language]}",
                "code": case.code,
                "selection": shown(both(**case.selection), language, path, known),
                "pairs": pair_contexts([case], language, path, uses),
                "timeline": _timeline(case, mechanisms, language, path, known),
                "systems": _systems(mechanisms, data, language, path, known),
                "figures": _figures(case, language, path, known),
                "claims": [
                    claim_context(verdict, data.figures, language, path)
                    for verdict in data.verdicts
                    if verdict.claim.case == case.id
                ],
                "runs": [(f"../{url}", title) for url, title in uses.get(case.id, ())],
                "beside": [other and (f"{other.id}.html", other.name[language]) for other in (before, after)],
                "command": f'import county_metrics as cm\n\ncase = cm.load_case("{case.id}")\ncm.timeline(case)',
            },
        )


def _timeline(
    case: Case, mechanisms: list[Mechanism], language: str, path: str, known: Mapping[str, str]
) -> list[dict[str, Any]]:
    names = {m.id: label(both(**m.name), language, known) for m in mechanisms}
    events = [(event, "reform") for event in case.reforms] + [(event, "concurrent") for event in case.concurrent_events]
    return [
        {
            "kind": kind,
            "kind_label": plain(say(f"case.{kind}"), language),
            "date": shown(_date(event), language, path),
            "label": shown(both(**event.label), language, path, known),
            "mechanisms": [(f"#mechanism-{name}", names[name]) for name in event.mechanisms if name in names],
        }
        for event, kind in sorted(events, key=lambda pair: (pair[0].start, pair[0].id))
    ]


def _date(event: Reform) -> dict[str, Any]:
    return say(f"period.{event.date_basis}", dates=both(event.start, event.start))


def _systems(
    mechanisms: list[Mechanism], data: Catalogue, language: str, path: str, known: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Mechanisms in the groups and in the order of the source; those of the whole case come first."""
    groups: dict[str, list[Mechanism]] = {"": []}
    for mechanism in mechanisms:
        groups.setdefault(mechanism.system[language], []).append(mechanism)
    return [
        {"title": title, "mechanisms": [mechanism_context(m, data, language, path, known) for m in found]}
        for title, found in groups.items()
        if found
    ]


def mechanism_context(
    mechanism: Mechanism, data: Catalogue, language: str, path: str, known: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A mechanism as a page shows it."""
    texts = {name: shown(both(**getattr(mechanism, name)), language, path, known) for name in ("name", "what", "measure", "data")}
    return texts | {
        "id": f"mechanism-{mechanism.id}",
        "other_name": shown(both(**mechanism.name), "zh" if language == "en" else "en", path, known),
        "link": label(both(**mechanism.name), language, known),
        "kind": plain(say(f"mechanism_kind.{mechanism.kind}"), language),
        "figures": [_value(data.figures[name], language, path) for name in mechanism.figures],
    }


def _value(figure: Figure, language: str, path: str) -> dict[str, Any]:
    return {"label": shown(both(**figure.indicator.label), language, path), "value": shown(figure_number(figure), language, path)}


def _figures(case: Case, language: str, path: str, known: Mapping[str, str]) -> list[dict[str, Markup | str]]:
    return [
        {
            "label": label(both(**figure.indicator.label), language),
            "scope": shown(both(**figure.scope), language, path, {**known, **known_figures([figure])}),
            "role": plain(say(f"role_name.{figure.role}"), language),
            "period": shown(period_text(figure), language, path),
            "value": shown(figure_number(figure), language, path),
            "url": f"../evidence/{figure.id}.html",
        }
        for figure in case.figures
    ]
