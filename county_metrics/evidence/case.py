"""Cases and sources from their YAML files; pairs and their evidence grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from county_metrics.errors import Problem, nearest, unknown_id
from county_metrics.evidence.periods import parse_period, years_between
from county_metrics.evidence.schema import PERIOD_BASES, STATUSES, Figure, GradeItem, Indicator, Reform, Source
from county_metrics.present.wording import say
from county_metrics.reading import Node, Scalar, YamlList, YamlMap, plain_form

_SOURCE_KEYS = (
    "id",
    "title_zh",
    "title_en",
    "author_zh",
    "author_en",
    "interest_zh",
    "interest_en",
    "independent",
    "outlet_zh",
    "outlet_en",
    "issued",
    "issued_basis",
    "cite_zh",
    "cite_en",
    "url",
    "renditions",
)
_RENDITION_KEYS = ("id", "script", "quality", "preferred", "sha256")
_CASE_KEYS = (
    "id",
    "name_en",
    "name_zh",
    "level_en",
    "level_zh",
    "parent_en",
    "parent_zh",
    "code",
    "code_from",
    "code_to",
    "status",
    "selection_en",
    "selection_zh",
    "reforms",
    "concurrent_events",
)
_REFORM_KEYS = ("id", "label_en", "label_zh", "start", "end", "date_basis", "mechanisms", "source", "quote")
_EVENT_KEYS = ("id", "label_en", "label_zh", "date", "date_basis", "source", "quote")
_MAY_BE_EMPTY = {"url", "code", "code_from", "code_to", "end", "mechanisms", "reforms", "concurrent_events", "sha256"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A before and an after that the same source prints for the same indicator (design ``O1 X O2``)."""

    id: str
    case: str
    case_name: dict[str, str]
    indicator: Indicator
    before: Figure
    after: Figure
    design: str = "endpoints"

    @property
    def years(self) -> int | None:
        """Years from before to after where both are printed as years; None otherwise."""
        if self.before.period_basis != "stated" or self.after.period_basis != "stated":
            return None
        return years_between(self.before.period, self.after.period)

    @property
    def grade(self) -> tuple[GradeItem, ...]:
        """The four yes/no items of the evidence grade, in order; never summed."""
        before, after = self.before, self.after
        dates = before.period_basis == after.period_basis == "stated"
        statistic = "unstated" not in (before.statistic, after.statistic)
        scope = before.scope == after.scope and before.unit == after.unit
        independent = before.source.independent and after.source.independent
        items = {"dates": dates, "statistic": statistic, "scope": scope, "independent": independent}
        return tuple(
            GradeItem(name, passed, say(f"grade.{name}_{'yes' if passed else 'no'}")) for name, passed in items.items()
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A place with its reforms and its published figures."""

    id: str
    name: dict[str, str]
    level: dict[str, str]
    parent: dict[str, str]
    code: str
    status: str
    selection: dict[str, str]
    reforms: tuple[Reform, ...]
    concurrent_events: tuple[Reform, ...]
    figures: tuple[Figure, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair of the case, in the order of its figures."""
        members: dict[str, dict[str, Figure]] = {}
        for figure in self.figures:
            if figure.pair:
                members.setdefault(figure.pair, {})[figure.role] = figure
        return tuple(
            Pair(name, self.id, self.name, found["before"].indicator, found["before"], found["after"])
            for name, found in members.items()
        )

    @property
    def n_other_events(self) -> int:
        """Dated reforms and events beside the one a reader looks at: rival explanations of any change."""
        return len(self.concurrent_events) + max(len(self.reforms) - 1, 0)

    def pair(self, name: str) -> Pair:
        """The pair of that id.

        Raises
        ------
        UnknownIdError
            If the case has no such pair; the text lists those it has.
        """
        found = {pair.id: pair for pair in self.pairs}
        if name not in found:
            raise unknown_id(f"pair in case '{self.id}':", name, list(found))
        return found[name]

    def figure(self, name: str) -> Figure:
        """The figure of that id.

        Raises
        ------
        UnknownIdError
            If the case has no such figure.
        """
        found = {figure.id: figure for figure in self.figures}
        if name not in found:
            raise unknown_id(f"figure in case '{self.id}':", name, list(found))
        return found[name]


class _Reader:
    """Takes values out of a YAML mapping and reports what is missing or wrong."""

    def __init__(self, node: Node, path: str, keys: tuple[str, ...], problems: list[Problem]) -> None:
        self.path, self.problems = path, problems
        self.items: dict[str, Node] = {}
        self.line, self.column = node.line, node.column
        if not isinstance(node, YamlMap):
            self.problem("", node, f"must be a mapping with the keys {', '.join(keys)}")
            return
        self.items = node.items
        for name, (line, column) in node.keys.items():
            if name not in keys:
                problems.append(Problem(path, line, column, name, f"not a key here; {nearest(name, keys)}"))
        missing = [key for key in keys if key not in node.items and key not in _MAY_BE_EMPTY]
        if missing:
            self.problem("", node, f"misses {', '.join(missing)}")

    def problem(self, field: str, node: Node | None, message: str) -> None:
        line, column = (node.line, node.column) if node else (self.line, self.column)
        self.problems.append(Problem(self.path, line, column, field, message))

    def text(self, name: str) -> str:
        node = self.items.get(name)
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.problem(name, node, "must be plain text")
            return ""
        if not node.text and name not in _MAY_BE_EMPTY:
            self.problem(name, node, "empty")
        return node.text

    def two(self, name: str) -> dict[str, str]:
        return {"en": self.text(f"{name}_en"), "zh": self.text(f"{name}_zh")}

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name)
        if value and value not in allowed:
            self.problem(name, self.items[name], f"'{value}' is not allowed; {nearest(value, allowed)}")
        return value

    def period(self, name: str) -> str:
        value = self.text(name)
        if value and parse_period(value) is None:
            folded = plain_form(value)
            advice = f"write '{folded}'" if folded else "write 2016, 2014-10, 2014-01-17 or 2013/2016"
            self.problem(name, self.items[name], f"'{value}' is not a date or interval; {advice}")
        return value

    def list(self, name: str) -> list[Node]:
        node = self.items.get(name)
        if node is None:
            return []
        if not isinstance(node, YamlList):
            self.problem(name, node, "must be a list (write [] when it is empty)")
            return []
        return node.items


def build_sources(tree: YamlMap, path: str, problems: list[Problem]) -> dict[str, Source]:
    """Sources of a ``sources.yaml``, by id."""
    sources: dict[str, Source] = {}
    for node in _Reader(tree, path, ("sources",), problems).list("sources"):
        entry = _Reader(node, path, _SOURCE_KEYS, problems)
        name = entry.text("id")
        if name and name in sources:
            entry.problem("id", entry.items["id"], f"'{name}' stands twice")
        renditions = [_Reader(item, path, _RENDITION_KEYS, problems) for item in entry.list("renditions")]
        sources[name] = Source(
            name,
            entry.two("title"),
            entry.two("author"),
            entry.two("interest"),
            entry.one_of("independent", ("true", "false")) == "true",
            entry.two("outlet"),
            entry.period("issued"),
            entry.one_of("issued_basis", PERIOD_BASES),
            entry.two("cite"),
            entry.text("url"),
            tuple({key: reader.text(key) for key in _RENDITION_KEYS} for reader in renditions),
        )
    return sources


def _reform(node: Node, path: str, dated: bool, sources: Mapping[str, Source], problems: list[Problem]) -> Reform:
    entry = _Reader(node, path, _REFORM_KEYS if dated else _EVENT_KEYS, problems)
    return Reform(
        entry.text("id"),
        entry.two("label"),
        entry.period("start" if dated else "date"),
        entry.period("end") if dated else "",
        entry.one_of("date_basis", PERIOD_BASES),
        tuple(item.text for item in entry.list("mechanisms") if isinstance(item, Scalar)) if dated else (),
        entry.one_of("source", tuple(sources)),
        entry.text("quote"),
    )


def build_case(
    tree: YamlMap, path: str, figures: tuple[Figure, ...], sources: Mapping[str, Source], problems: list[Problem]
) -> Case:
    """Case from its ``case.yaml`` and the figures that belong to it."""
    entry = _Reader(tree, path, _CASE_KEYS, problems)
    reforms = tuple(_reform(node, path, True, sources, problems) for node in entry.list("reforms"))
    events = tuple(_reform(node, path, False, sources, problems) for node in entry.list("concurrent_events"))
    status = entry.one_of("status", STATUSES)
    if status == "qualitative" and figures:
        entry.problem("status", entry.items["status"], "'qualitative' although the case has figures; say 'figures'")
    return Case(
        entry.text("id"),
        entry.two("name"),
        entry.two("level"),
        entry.two("parent"),
        entry.text("code"),
        status,
        entry.two("selection"),
        reforms,
        events,
        figures,
    )
