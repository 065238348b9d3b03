"""The data model: columns of every table, allowed values, and the records that loading yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from county_metrics.evidence.bounds import Interval

Kind = Literal["id", "text", "one_of", "decimal", "period", "count", "readings", "ids"]

QUOTE_LIMIT = 24
"""Most characters of a source that a locating phrase may hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its name, how it is read, and what it may hold."""

    name: str
    kind: Kind = "text"
    required: bool = True
    allowed: tuple[str, ...] = ()
    refers_to: str = ""
    description: str = ""


STATISTICS = ("mean", "median", "limit", "total", "single_case", "share", "count", "unstated")
ROLES = ("before", "after", "level", "change", "target", "standard", "component", "total", "rank")
KINDS = ("level", "pct_change", "pp_change", "multiple", "cagr", "share", "rank")
ACCRUALS = ("stock", "flow", "cumulative")
PERIOD_BASES = ("stated", "inferred", "none")
DIRECTIONS = ("lower_better", "higher_better", "neutral")
SCALES = ("duration", "count", "ratio", "share", "index", "rank", "money", "rate")
NATURES = ("rule_count", "process", "outcome")
DAY_TYPES = ("working", "calendar")
STATUSES = ("figures", "qualitative")

FIGURES = (
    Column("id", "id", description="Unique over all cases"),
    Column("indicator", "id", refers_to="indicators", description="What is measured"),
    Column("scope_en", description="What exactly the number covers, in English"),
    Column("scope_zh", description="What exactly the number covers, in Chinese"),
    Column("statistic", "one_of", allowed=STATISTICS, description="Which statistic the number is"),
    Column("role", "one_of", allowed=ROLES, description="The part it plays in the source"),
    Column("kind", "one_of", allowed=KINDS, description="A level, a change, a share, a rank"),
    Column("accrual", "one_of", allowed=ACCRUALS, description="Stock, flow or cumulative"),
    Column("denominator", required=False, description="Denominator as printed, or 'unstated'; empty where there is none"),
    Column("period", "period", required=False, description="EDTF date or interval the number belongs to"),
    Column("period_basis", "one_of", allowed=PERIOD_BASES, description="Whether the source states the period"),
    Column("base_period", "period", required=False, description="EDTF period a change is measured from"),
    Column("printed", description="The figure exactly as printed, with its unit"),
    Column("value", "decimal", description="Value in the unit, plain decimal"),
    Column("value_hi", "decimal", required=False, description="Upper end of a printed range"),
    Column("unit", "id", refers_to="units", description="Unit of value"),
    Column("quantifier", "id", refers_to="quantifiers", description="How the source qualifies the number"),
    Column("step", "decimal", description="Rounding step of the printed form; 0 for an exact count"),
    Column("source", "id", refers_to="sources", description="The work it is printed in"),
    Column("quote", description=f"Shortest phrase that locates the figure, at most {QUOTE_LIMIT} characters"),
    Column("slot", "count", required=False, description="Which number of the phrase, from 1, where it holds several"),
    Column("pair", "id", required=False, description="Id that a before and an after share"),
    Column("readings", "readings", required=False, description="Other readings of an ambiguous number, as id=value;id=value"),
    Column("note_en", required=False, description="What a reader must know, in English"),
    Column("note_zh", required=False, description="What a reader must know, in Chinese"),
)

INDICATORS = (
    Column("id", "id"),
    Column("label_en"),
    Column("label_zh"),
    Column("unit", "id", refers_to="units"),
    Column("direction", "one_of", allowed=DIRECTIONS),
    Column("scale", "one_of", allowed=SCALES),
    Column("nature", "one_of", allowed=NATURES),
    Column("day_type", "one_of", required=False, allowed=DAY_TYPES),
    Column("definition_en"),
    Column("definition_zh"),
    Column("comparable_to", "ids", required=False, refers_to="indicators"),
)

MECHANISM_KINDS = ("reform", "mechanism", "platform", "institution", "indicator_family", "rule")

MECHANISMS = (
    Column("id", "id"),
    Column("case", "id", refers_to="cases", description="The case it belongs to, or national"),
    Column("kind", "one_of", allowed=MECHANISM_KINDS),
    Column("system_en", required=False, description="Group under which the source orders it"),
    Column("system_zh", required=False),
    Column("name_zh"),
    Column("name_en"),
    Column("what_en", description="What it is"),
    Column("what_zh"),
    Column("measure_en", description="What could be measured of it"),
    Column("measure_zh"),
    Column("data_en", description="From what data"),
    Column("data_zh"),
    Column("indicators", "ids", required=False, refers_to="indicators"),
    Column("figures", "ids", required=False, refers_to="figures", description="Figures printed of it; empty for none"),
    Column("source", "id", refers_to="sources"),
    Column("quote", description=f"Phrase that locates it, at most {QUOTE_LIMIT} characters"),
)

UNCOVERED = (
    Column("source", "id", refers_to="sources"),
    Column("text", description="The numeral or quantity word with enough around it to be found"),
    Column("count", "count", description="How often it stands in the source"),
    Column("reason_en", description="Why it is neither figure, event nor claim"),
    Column("reason_zh"),
)

UNITS = (Column("id", "id"), Column("label_en"), Column("label_zh"), Column("dimension"))

QUANTIFIERS = (
    Column("id", "id"),
    Column("words"),
    Column("label_en"),
    Column("label_zh"),
    Column("hard_low", "decimal", required=False),
    Column("hard_high", "decimal", required=False),
    Column("soft_low", "decimal", required=False),
    Column("soft_high", "decimal", required=False),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: file and line, for messages about it."""

    path: str
    line: int = 0
    columns: dict[str, int] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement."""

    id: str
    label: dict[str, str]
    dimension: str


@dataclass(frozen=True, slots=True)
class Quantifier:
    """How a source qualifies a number, and what that leaves open, in rounding steps."""

    id: str
    words: tuple[str, ...]
    label: dict[str, str]
    hard: tuple[Decimal | None, Decimal | None]
    soft: tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a figure measures."""

    id: str
    label: dict[str, str]
    unit: str
    direction: str
    scale: str
    nature: str
    day_type: str
    definition: dict[str, str]
    comparable_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A work that figures are printed in, with its author's interest in the case."""

    id: str
    title: dict[str, str]
    author: dict[str, str]
    interest: dict[str, str]
    independent: bool
    outlet: dict[str, str]
    issued: str
    issued_basis: str
    cite: dict[str, str]
    url: str
    renditions: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number with everything a reader must know of it.

    `bounds` is computed from value, quantifier and step; it is never typed.
    """

    id: str
    case: str
    indicator: Indicator
    scope: dict[str, str]
    statistic: str
    role: str
    kind: str
    accrual: str
    denominator: str
    period: str
    period_basis: str
    base_period: str
    printed: str
    value: Decimal
    value_hi: Decimal | None
    unit: Unit
    quantifier: Quantifier
    step: Decimal
    source: Source
    quote: str
    slot: int | None
    pair: str
    readings: tuple[tuple[str, Decimal], ...]
    note: dict[str, str]
    bounds: Interval
    place: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reform:
    """A dated reform on the timeline of a case."""

    id: str
    label: dict[str, str]
    start: str
    end: str
    date_basis: str
    mechanisms: tuple[str, ...]
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A reform, mechanism or indicator family that a source describes, and what could be measured of it."""

    id: str
    case: str
    kind: str
    system: dict[str, str]
    name: dict[str, str]
    what: dict[str, str]
    measure: dict[str, str]
    data: dict[str, str]
    indicators: tuple[str, ...]
    figures: tuple[str, ...]
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class GradeItem:
    """One yes/no item of the evidence grade, with its reason as a payload text."""

    id: str
    passed: bool
    reason: dict[str, Any]
