"""Re-deriving what sources claim: every claim gets a verdict, over the intervals that the printed forms leave open."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from county_metrics.evidence.bounds import Interval, bounds, corners
from county_metrics.evidence.schema import Figure

VERDICTS = ("agrees", "agrees_only", "contradicts", "undecided")
RELATIONS = ("sum", "equal", "part_of", "at_most")
_PLAIN = re.compile(r"\d+(\.\d+)?")
_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of a claim whose denominator or scope the source leaves open."""

    id: str
    label: dict[str, str]
    expr: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A derived statement of a source, in a form that can be recomputed.

    `figure` states the result and `alternatives` re-derive it; or `relation` holds between `left` and
    `right`; or `derive` gives a number the source does not print.
    """

    id: str
    case: str
    text: dict[str, str]
    source: str
    quote: str
    figure: str
    alternatives: tuple[Alternative, ...]
    relation: str
    left: str
    right: str
    derive: str
    unit: str
    expected: str
    reason: dict[str, str]


@dataclass(frozen=True, slots=True)
class Implied:
    """What an expression gives: its value and the interval that rounding leaves."""

    label: dict[str, str]
    value: Decimal
    interval: Interval
    fits: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of a claim: the verdict, the printed interval, and what each reading implies."""

    claim: Claim
    verdict: str
    printed: Interval | None
    implied: tuple[Implied, ...]

    @property
    def uses(self) -> frozenset[str]:
        """Ids of the figures that the claim rests on."""
        claim = self.claim
        exprs = (*(a.expr for a in claim.alternatives), claim.left, claim.right, claim.derive)
        names = {name for expr in exprs if expr for name in names_in(expr)}
        return frozenset(names | ({claim.figure} if claim.figure else set()))

    @property
    def reading(self) -> str:
        """Ids of the readings under which the claim agrees, where it does so only under some."""
        fitting = [a.id for a, i in zip(self.claim.alternatives, self.implied, strict=False) if i.fits]
        return " ".join(fitting) if self.verdict == "agrees_only" else ""


def names_in(expr: str) -> list[str]:
    """Ids that an expression uses, in order of first use.

    Raises
    ------
    ValueError
        If it holds anything but ids, plain numbers, ``+ - * /`` and brackets.

    Examples
    --------
    >>> names_in("(a - b) / a * 100")
    ['a', 'b']
    """
    try:
        tree = ast.parse(expr, mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"'{expr}' is not an expression: {getattr(error, 'msg', error)}") from None
    if not expr.isascii() or "#" in expr:
        raise ValueError(f"'{expr}' holds signs that are not allowed; use ids, numbers, + - * / and brackets")
    places: dict[str, int] = {}
    for node in ast.walk(tree.body):
        if isinstance(node, ast.Name):
            places[node.id] = min(node.col_offset, places.get(node.id, node.col_offset))
        elif isinstance(node, ast.Constant) and not _PLAIN.fullmatch(ast.get_source_segment(expr, node) or ""):
            raise ValueError(f"'{expr}' holds '{ast.unparse(node)}'; only plain numbers are allowed")
        elif not isinstance(node, ast.BinOp | ast.Constant | ast.operator | ast.Load):
            raise ValueError(f"'{expr}' holds '{ast.unparse(node)}'; allowed are ids, numbers, + - * / and brackets")
        elif isinstance(node, ast.BinOp) and type(node.op) not in _OPERATORS:
            raise ValueError(f"'{ast.unparse(node)}' uses an operator that is not allowed; use + - * /")
    return sorted(places, key=lambda name: places[name])


def evaluate(expr: str, values: Mapping[str, Decimal]) -> Decimal:
    """Value of an expression.

    Examples
    --------
    >>> evaluate("a / b * 100", {"a": Decimal(1), "b": Decimal(8)})
    Decimal('12.500')
    """

    def compute(node: ast.expr) -> Decimal:
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.Constant):
            return Decimal(ast.get_source_segment(expr, node) or str(node.value))
        assert isinstance(node, ast.BinOp)
        return _OPERATORS[type(node.op)](compute(node.left), compute(node.right))

    with localcontext() as context:
        context.prec = 28
        return compute(ast.parse(expr, mode="eval").body)


def imply(expr: str, figures: Mapping[str, Figure], label: dict[str, str]) -> tuple[Decimal, Interval]:
    """Value of an expression over figures, and its range over their bounds (open where one is open)."""
    names = names_in(expr)
    value = evaluate(expr, {name: figures[name].value for name in names})
    intervals = [figures[name].bounds for name in names]
    if not all(interval.bounded for interval in intervals):
        return value, Interval(None, None)
    if not names:
        return value, Interval(value, value)
    return value, corners(lambda *inputs: evaluate(expr, dict(zip(names, inputs, strict=True))), *intervals)


def audit_claim(claim: Claim, figures: Mapping[str, Figure]) -> Verdict:
    """Verdict of one claim.

    Parameters
    ----------
    claim : Claim
    figures : mapping of str to Figure
        Every figure the claim refers to, by id.

    Returns
    -------
    Verdict
        ``agrees`` if what is implied can be what is printed; ``agrees_only`` if so under some readings;
        ``contradicts`` if under none; ``undecided`` if the source prints nothing to compare with, or an
        interval is open.
    """
    if claim.derive:
        value, interval = imply(claim.derive, figures, claim.text)
        return Verdict(claim, "undecided", None, (Implied(claim.text, value, interval, None),))
    if claim.relation:
        return _related(claim, figures)
    stated = figures[claim.figure]
    implied = []
    for alternative in claim.alternatives:
        value, interval = imply(alternative.expr, figures, alternative.label)
        implied.append(Implied(alternative.label, value, interval, _fits(interval, stated)))
    return Verdict(claim, _verdict([entry.fits for entry in implied]), stated.bounds, tuple(implied))


def _fits(interval: Interval, stated: Figure) -> bool | None:
    """Whether an implied interval can be the printed one; None if only the widest sense of the words allows it."""
    if not interval.bounded:
        return None
    if _meets(interval, stated.bounds):
        return True
    widest = bounds(stated.value, stated.quantifier, stated.step, stated.value_hi, hard=True)
    return None if _meets(interval, widest) else False


def _meets(first: Interval, second: Interval) -> bool:
    below = first.high is not None and second.low is not None and first.high < second.low
    above = first.low is not None and second.high is not None and first.low > second.high
    return not (below or above)


def _verdict(fits: list[bool | None]) -> str:
    if all(fits):
        return "agrees"
    if any(fits):
        return "agrees_only"
    return "undecided" if None in fits else "contradicts"


def _related(claim: Claim, figures: Mapping[str, Figure]) -> Verdict:
    left, left_range = imply(claim.left, figures, claim.text)
    _, right_range = imply(claim.right, figures, claim.text)
    if not (left_range.bounded and right_range.bounded):
        fits: bool | None = None
    elif claim.relation in ("sum", "equal"):
        fits = _meets(left_range, right_range)
    else:
        assert left_range.low is not None
        assert right_range.high is not None
        fits = left_range.low <= right_range.high
    verdict = {True: "agrees", False: "contradicts", None: "undecided"}[fits]
    sides = (Implied({"en": claim.left, "zh": claim.left}, left, left_range, fits),)
    return Verdict(claim, verdict, right_range, sides)
