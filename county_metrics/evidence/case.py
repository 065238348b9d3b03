"""Cases and sources from their YAML files; pairs and their evidence grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from county_metrics.errors import Problem, unknown_id
from county_metrics.evidence.entry import OPTIONAL, Entry
from county_metrics.evidence.own_tables import TABLES, OwnTable, build_tables
from county_metrics.evidence.periods import years_between
from county_metrics.evidence.schema import PERIOD_BASES, STATUSES, Figure, GradeItem, Indicator, Reform, Source
from county_metrics.paths import shown
from county_metrics.present.wording import say
from county_metrics.reading import Node, Scalar, YamlMap

if TYPE_CHECKING:
    import pandas as pd

_SOURCE_KEYS = tuple(
    "id title_zh title_en author_zh author_en interest_zh interest_en independent outlet_zh outlet_en "
    "issued issued_basis cite_zh cite_en url renditions".split()
)
_RENDITION_KEYS = ("id", "script", "quality", "preferred", "sha256")
_CASE_KEYS = tuple(
    "id name_en name_zh level_en level_zh parent_en parent_zh code code_from code_to status "
    "selection_en selection_zh reforms concurrent_events records series panel".split()
)
# What a case with tables of a reader's own may leave out: it is not known to anyone by a text.
_OPTIONAL = OPTIONAL | set(TABLES)
_OWN_OPTIONAL = _OPTIONAL | set("level_en level_zh parent_en parent_zh status selection_en selection_zh".split())
_REFORM_KEYS = ("id", "label_en", "label_zh", "start", "end", "date_basis", "mechanisms", "source", "quote")
_EVENT_KEYS = ("id", "label_en", "label_zh", "date", "date_basis", "source", "quote")


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
        return tuple(GradeItem(name, passed, say(f"grade.{name}_{'yes' if passed else 'no'}")) for name, passed in items.items())


@dataclass(frozen=True, slots=True)
class Case:
    """A place with its reforms and its published figures, and the tables of a reader's own."""

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
    tables: dict[str, OwnTable] = field(default_factory=dict, compare=False, repr=False)

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

    def records(self) -> pd.DataFrame:
        """The reader's own records, one row a record; read anew on each call.

        Returns
        -------
        pandas.DataFrame
            Columns as the file has them, renamed as declared: dates as datetime64, numbers as float64, ids and words as
            text, what is missing as missing. ``attrs`` holds ``design``, ``case``, ``unit``, ``simulated``, ``origin``,
            ``extracted_on``, ``selected_on`` (opened, closed, all), ``intervention``, ``calendar``, ``deidentified``.

        Raises
        ------
        UnknownIdError
            If ``case.yaml`` declares no records.
        DataError
            With every problem of the file.
        """
        from county_metrics.evidence.own import load_table

        return load_table(self.table("records"))

    def series(self, indicator: str | None = None, place: str | None = None) -> pd.DataFrame:
        """The reader's own series, one row a place, period and indicator.

        Parameters
        ----------
        indicator, place : str, optional
            Keep only these rows; in a wide table `indicator` names the column that becomes ``value``.

        Returns
        -------
        pandas.DataFrame
            As `records`; ``period`` holds pandas periods (months, quarters), dates, or whole numbers (years).
            ``attrs["design"]`` is ``series`` for one place and ``controlled_series`` for several.

        Raises
        ------
        UnknownIdError
            If there is no such table, indicator or place.
        DataError
            With every problem of the file.
        """
        from county_metrics.evidence.own import load_table

        return load_table(self.table("series"), indicator=indicator, place=place)

    def panel(self, indicator: str | None = None) -> pd.DataFrame:
        """The reader's own panel, one row a county, period and indicator.

        Parameters
        ----------
        indicator : str, optional
            As in `series`.

        Returns
        -------
        pandas.DataFrame
            As `series`; ``treatment_start`` is missing where a county is never treated.

        Raises
        ------
        UnknownIdError, DataError
            As in `series`.
        """
        from county_metrics.evidence.own import load_table

        return load_table(self.table("panel"), indicator=indicator)

    def table(self, kind: str) -> OwnTable:
        """What ``case.yaml`` declares of records, series or panel.

        Raises
        ------
        UnknownIdError
            If it declares no such table.
        """
        if kind not in self.tables:
            raise unknown_id(f"table in case '{self.id}' (declare '{kind}:' in its case.yaml):", kind, list(self.tables))
        return self.tables[kind]

    def check_tables(self) -> list[Problem]:
        """Everything wrong in the files of the case's own tables."""
        if not self.tables:
            return []
        from county_metrics.evidence.own import check_table

        problems: list[Problem] = []
        for table in self.tables.values():
            check_table(table, problems)
        return problems


def build_sources(tree: YamlMap, path: str, problems: list[Problem]) -> dict[str, Source]:
    """Sources of a ``sources.yaml``, by id."""
    sources: dict[str, Source] = {}
    for node in Entry(tree, path, ("sources",), problems).list("sources"):
        entry = Entry(node, path, _SOURCE_KEYS, problems)
        name = entry.text("id")
        if name and name in sources:
            entry.problem("id", entry.items["id"], f"'{name}' stands twice")
        renditions = [Entry(item, path, _RENDITION_KEYS, problems) for item in entry.list("renditions")]
        sources[name] = Source(
            name, entry.two("title"), entry.two("author"), entry.two("interest"),
            entry.one_of("independent", ("true", "false")) == "true", entry.two("outlet"), entry.period("issued"),
            entry.one_of("issued_basis", PERIOD_BASES), entry.two("cite"), entry.text("url"),
            tuple({key: reader.text(key) for key in _RENDITION_KEYS} for reader in renditions),
        )  # fmt: skip
    return sources


def _reform(node: Node, path: str, dated: bool, sources: Mapping[str, Source], problems: list[Problem]) -> Reform:
    entry = Entry(node, path, _REFORM_KEYS if dated else _EVENT_KEYS, problems)
    return Reform(
        entry.text("id"), entry.two("label"), entry.period("start" if dated else "date"), entry.period("end") if dated else "",
        entry.one_of("date_basis", PERIOD_BASES),
        tuple(item.text for item in entry.list("mechanisms") if isinstance(item, Scalar)) if dated else (),
        entry.one_of("source", tuple(sources)), entry.phrase("quote"),
    )  # fmt: skip


def build_case(
    tree: YamlMap, path: Path, figures: tuple[Figure, ...], sources: Mapping[str, Source], problems: list[Problem]
) -> Case:
    """Case from its ``case.yaml``, in its folder, and the figures that belong to it."""
    own, file = any(kind in tree.items for kind in TABLES), shown(path)
    entry = Entry(tree, file, _CASE_KEYS, problems, optional=_OWN_OPTIONAL if own else _OPTIONAL)
    reforms = tuple(_reform(node, file, True, sources, problems) for node in entry.list("reforms"))
    events = tuple(_reform(node, file, False, sources, problems) for node in entry.list("concurrent_events"))
    status = entry.one_of("status", STATUSES) or ("figures" if figures else "qualitative")
    if status == "qualitative" and figures:
        entry.problem("status", entry.items["status"], "'qualitative' although the case has figures; say 'figures'")
    name = entry.text("id")
    return Case(
        name, entry.two("name"), entry.two("level"), entry.two("parent"), entry.text("code"), status, entry.two("selection"),
        reforms, events, figures, build_tables(tree, name, path.parent, file, problems),
    )  # fmt: skip
