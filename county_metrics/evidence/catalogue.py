"""Everything curated at once: cases, claims, mechanisms, corrections, and what is left uncovered with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from county_metrics.errors import DataError, Problem, nearest
from county_metrics.evidence.audit import RELATIONS, VERDICTS, Alternative, Claim, Verdict, audit_claim, names_in
from county_metrics.evidence.case import Case
from county_metrics.evidence.check import check_row, check_unique
from county_metrics.evidence.entry import Entry
from county_metrics.evidence.load import Vocabulary, load_folder, load_vocabulary
from county_metrics.evidence.locate import Quoted
from county_metrics.evidence.schema import MECHANISMS, QUOTE_LIMIT, UNCOVERED, Column, Figure, Mechanism
from county_metrics.paths import data_root, shown
from county_metrics.reading import Row, YamlMap, read_csv, read_yaml

_CLAIM_KEYS = tuple(
    "id case text_en text_zh source quote figure expr alternatives relation left right derive unit expected"
    " reason_en reason_zh".split()
)
_ALTERNATIVE_KEYS = ("id", "label_en", "label_zh", "expr")
_CORRECTION_KEYS = ("id", "source", "quote", "claim", "status", "expect", "reason_en", "reason_zh")
CORRECTION_STATUSES = ("flagged",)


@dataclass(frozen=True, slots=True)
class Correction:
    """A known error of a source: flagged beside its figures, with the verdict that must still hold."""

    id: str
    source: str
    quote: str
    claim: str
    status: str
    expect: str
    reason: dict[str, str]


@dataclass(frozen=True)
class Catalogue:
    """The curated data as a whole."""

    words: Vocabulary
    cases: tuple[Case, ...]
    claims: tuple[Claim, ...]
    mechanisms: tuple[Mechanism, ...]
    uncovered: tuple[Row, ...]
    corrections: tuple[Correction, ...]

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Every figure by id, in the order of the cases."""
        return {figure.id: figure for case in self.cases for figure in case.figures}

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Verdict of every claim, in order; none is left out."""
        return tuple(audit_claim(claim, self.figures) for claim in self.claims)

    @cached_property
    def quoted(self) -> tuple[Quoted, ...]:
        """Everything with a locating phrase."""
        found = [Quoted(f.id, "figure", f.source.id, f.quote) for f in self.figures.values()]
        for case in self.cases:
            events = (*case.reforms, *case.concurrent_events)
            found += [Quoted(f"{case.id}.{event.id}", "event", event.source, event.quote) for event in events]
        found += [Quoted(claim.id, "claim", claim.source, claim.quote) for claim in self.claims]
        found += [Quoted(f"mechanism.{m.id}", "mechanism", m.source, m.quote) for m in self.mechanisms]
        return tuple(found)


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Load everything curated.

    Raises
    ------
    DataError
        With every problem of every file.
    """
    problems: list[Problem] = []
    catalogue = read_catalogue(folder or data_root(), problems)
    if problems:
        raise DataError(problems)
    return catalogue


def read_catalogue(root: Path, problems: list[Problem]) -> Catalogue:
    """The same, with problems reported instead of raised; what has a fault is left out."""
    words = load_vocabulary(problems, root)
    seen: dict[str, str] = {}
    cases = []
    for path in sorted((root / "cases").iterdir()):
        if not (path / "case.yaml").is_file():
            message = f"has no case.yaml; {nearest('case.yaml', [entry.name for entry in path.iterdir()])}"
            problems.extend([Problem(shown(path), 0, 0, "", message)] if path.is_dir() else [])
        elif (case := load_folder(path, words, problems, seen)) is not None:
            if case.id != path.name:
                message = f"'{case.id}' differs from the folder's name '{path.name}'"
                problems.append(Problem(shown(path / "case.yaml"), 0, 0, "id", message))
            cases.append(case)
    figures = {figure.id: figure for case in cases for figure in case.figures}
    known = words.ids() | {"cases": tuple(case.id for case in cases), "figures": tuple(seen)}
    entries = [entry for path in sorted((root / "cases").glob("*/claims.yaml")) for entry in _claim_entries(path, problems)]
    taken = set(seen)
    claims = [_claim(entry, known, taken) for entry in entries]
    mechanisms, ids = _mechanisms(root / "mechanisms.csv", known, problems)
    for case in cases:
        for reform in case.reforms:
            for name in sorted(set(reform.mechanisms) - ids):
                message = f"'{name}' of the reform '{reform.id}' is not a mechanism; {nearest(name, sorted(ids))}"
                problems.append(Problem(shown(root / "cases" / case.id / "case.yaml"), 0, 0, "mechanisms", message))
    uncovered = _checked(root / "uncovered.csv", UNCOVERED, known, problems)
    for row in uncovered:
        if len(row.values["text"]) > QUOTE_LIMIT:
            problems.append(row.problem("text", f"{len(row.values['text'])} characters; at most {QUOTE_LIMIT} are allowed"))
    verdicts = _audit(entries, claims, figures) if not problems else {}
    corrections = _corrections(root / "corrections.yaml", words, claims, verdicts, problems)
    return Catalogue(words, tuple(cases), tuple(claims), mechanisms, tuple(uncovered), corrections)


def _audit(entries: list[Entry], claims: list[Claim], figures: Mapping[str, Figure]) -> dict[str, str]:
    """Verdict of every claim by id; one that is not as expected, or cannot be computed, is a problem at its entry."""
    verdicts = {}
    for entry, claim in zip(entries, claims, strict=True):
        try:
            verdict = verdicts[claim.id] = audit_claim(claim, figures).verdict
        except (ArithmeticError, ValueError) as error:
            entry.problem("", None, f"cannot be computed: {type(error).__name__}")
            continue
        if verdict != claim.expected:
            entry.problem("expected", entry.items["expected"], f"'{claim.expected}', but the figures say '{verdict}'")
    return verdicts


def _checked(path: Path, columns: tuple[Column, ...], known: Mapping[str, tuple[str, ...]], problems: list[Problem]) -> list[Row]:
    if not path.exists():
        return []
    rows = read_csv(path, shown(path), [column.name for column in columns], problems)
    return [row for row in rows if check_row(row, columns, known, problems)]


def _mechanisms(
    path: Path, known: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> tuple[tuple[Mechanism, ...], set[str]]:
    """Mechanisms without fault, and the ids of all."""
    every = read_csv(path, shown(path), [column.name for column in MECHANISMS], problems) if path.exists() else []
    check_unique(every, {}, problems)
    rows = [row for row in every if check_row(row, MECHANISMS, known, problems)]
    found = []
    for row in rows:
        v = row.values
        if len(v["quote"]) > QUOTE_LIMIT:
            problems.append(row.problem("quote", f"{len(v['quote'])} characters; at most {QUOTE_LIMIT} are allowed"))
        names = ("system", "name", "what", "measure", "data")
        system, name, what, measure, data = ({"en": v[f"{key}_en"], "zh": v[f"{key}_zh"]} for key in names)
        indicators, figures = tuple(v["indicators"].split()), tuple(v["figures"].split())
        texts = (system, name, what, measure, data)
        found.append(Mechanism(v["id"], v["case"], v["kind"], *texts, indicators, figures, v["source"], v["quote"]))
    return tuple(found), {row.values["id"] for row in every}


def _claim_entries(path: Path, problems: list[Problem]) -> list[Entry]:
    tree = read_yaml(path, shown(path), problems)
    nodes = Entry(tree, shown(path), ("claims",), problems).list("claims") if tree else []
    return [Entry(node, shown(path), _CLAIM_KEYS, problems) for node in nodes]


def _claim(entry: Entry, known: Mapping[str, tuple[str, ...]], taken: set[str]) -> Claim:
    alternatives = [Entry(item, entry.path, _ALTERNATIVE_KEYS, entry.problems) for item in entry.list("alternatives")]
    read = [Alternative(a.text("id"), a.two("label"), a.text("expr")) for a in alternatives]
    expr = entry.text("expr")
    claim = Claim(
        id=entry.text("id"), case=entry.one_of("case", known["cases"]), text=entry.two("text"),
        source=entry.one_of("source", known["sources"]), quote=entry.phrase("quote"), figure=entry.text("figure"),
        alternatives=tuple(read or ([Alternative("printed", entry.two("text"), expr)] if expr else [])),
        relation=entry.one_of("relation", RELATIONS), left=entry.text("left"), right=entry.text("right"),
        derive=entry.text("derive"), unit=entry.one_of("unit", known["units"]),
        expected=entry.one_of("expected", VERDICTS), reason=entry.two("reason"),
    )  # fmt: skip
    if claim.id in taken:
        entry.problem("id", entry.items.get("id"), f"'{claim.id}' stands twice")
    taken.add(claim.id)
    begun = [bool(claim.figure or read or expr), bool(claim.relation or claim.left or claim.right), bool(claim.derive)]
    whole = [
        bool(claim.figure and bool(read) != bool(expr)),
        bool(claim.relation and claim.left and claim.right),
        bool(claim.derive),
    ]
    if sum(begun) != 1 or begun != whole:
        forms = "'figure' with 'expr' or 'alternatives', or 'relation' with 'left' and 'right', or 'derive'"
        entry.problem("", None, f"needs {forms}")
    for text in (*(a.expr for a in claim.alternatives), claim.left, claim.right, claim.derive):
        _check_expression(text, known["figures"], entry)
    if claim.figure and claim.figure not in known["figures"]:
        entry.problem(
            "figure", entry.items["figure"], f"'{claim.figure}' is not a figure; {nearest(claim.figure, known['figures'])}"
        )
    return claim


def _check_expression(expr: str, figures: tuple[str, ...], entry: Entry) -> None:
    if not expr:
        return
    try:
        unknown = [name for name in names_in(expr) if name not in figures]
    except ValueError as error:
        entry.problem("expr", None, str(error))
        return
    for name in unknown:
        entry.problem("expr", None, f"'{name}' is not a figure; {nearest(name, figures)}")


def _corrections(
    path: Path, words: Vocabulary, claims: list[Claim], verdicts: Mapping[str, str], problems: list[Problem]
) -> tuple[Correction, ...]:
    tree: YamlMap | None = read_yaml(path, shown(path), problems) if path.exists() else None
    found = []
    for node in Entry(tree, shown(path), ("corrections",), problems).list("corrections") if tree else []:
        entry = Entry(node, shown(path), _CORRECTION_KEYS, problems)
        correction = Correction(
            entry.text("id"), entry.one_of("source", tuple(words.sources)), entry.phrase("quote"),
            entry.one_of("claim", tuple(claim.id for claim in claims)), entry.one_of("status", CORRECTION_STATUSES),
            entry.one_of("expect", VERDICTS), entry.two("reason"),
        )  # fmt: skip
        verdict = verdicts.get(correction.claim, correction.expect)
        if correction.expect and verdict != correction.expect:
            entry.problem("expect", entry.items["expect"], f"'{correction.expect}', but the claim's verdict is now '{verdict}'")
        found.append(correction)
    return tuple(found)
