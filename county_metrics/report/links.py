"""Where numbers lead: to an evidence card, the cell that computed them, or a declared constant; dates are marked as dates."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

from county_metrics.evidence.audit import Verdict, evaluate
from county_metrics.evidence.schema import Figure

Target = Callable[[str], str | None]
"""Address for a reference such as ``figure:…``, or None."""

_MONTHS = "January February March April May June July August September October November December".split()
_YEAR = r"(?:19[4-9]|20[0-4])\d"
_DATE = (
    rf"(?<![\d.,])(?:(?:\d{{1,2}} )?(?:{'|'.join(_MONTHS)}) (?:{_YEAR})|{_YEAR}年(?:\d{{1,2}}月(?:\d{{1,2}}日)?)?"
    rf"|\d{{1,2}}月(?:\d{{1,2}}日)?|{_YEAR}(?:-\d\d(?:-\d\d)?)?)(?![\d.,]\d|\d)"
)
_NUMERAL = r"\d[\d,]*(?:\.\d+)?"
_NUMERALS = re.compile(_NUMERAL)
_MOST_PRINTED = 2000
# A comma of a printed list is no mark of thousands; an exponent belongs to its number.
_PRINTED_NUMERAL = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_NAME = r"(?<![\w-])[a-z]+(?:_[a-z0-9]+)*_[a-z]*\d[a-z0-9_]*"
_KEPT = r"<(?P<element>code|pre|time|cite|q|math|svg|script)\b.*?</(?P=element)\s*>"
_DATA = r'<data\b[^>]*\bdata-ref="(?P<ref>[^"]*)"[^>]*>[^<]*</data>'


_TEXT = r"(?:^|(?<=>))(?P<text>[^<>]*\d[^<>]*)(?=<|\Z)"
_PIECES = re.compile(rf"(?P<kept>{_KEPT})|(?P<link><a\b[^>]*>.*?</a>)|(?P<data>{_DATA})|{_TEXT}", re.S)
_PRINTED = re.compile(rf"(?P<entity>&\#?\w+;)|(?P<date>{_DATE})|(?P<name>{_NAME})|(?P<numeral>{_PRINTED_NUMERAL})")
_TEXTS = re.compile(rf"(?P<kept>{_KEPT})|{_TEXT}", re.S)


@dataclass(frozen=True, slots=True)
class Constant:
    """A numeral that is a name or a definition and no finding, with the reason."""

    id: str
    text: dict[str, list[str]]
    reason: dict[str, str]


@cache
def constants() -> tuple[Constant, ...]:
    """Declared constants, in order."""
    loaded = tomllib.loads((Path(__file__).parent / "constants.toml").read_text("utf-8"))
    return tuple(Constant(name, entry["text"], entry["reason"]) for name, entry in loaded.items())


@cache
def _declared() -> dict[str, str]:
    """Id of the constant by its words as they stand in HTML."""
    return {html.escape(text, quote=False): c.id for c in constants() for texts in c.text.values() for text in texts}


@cache
def _words() -> re.Pattern[str]:
    """What can stand in a piece of text: constants, dates, names and numerals."""
    texts = sorted(_declared(), key=len, reverse=True)
    declared = "|".join(rf"(?<![\d.,]){re.escape(text)}" if text[0].isdigit() else re.escape(text) for text in texts)
    return re.compile(
        rf"(?P<entity>&\#?\w+;)|(?P<constant>{declared})|(?P<date>{_DATE})|(?P<name>{_NAME})|(?P<numeral>{_NUMERAL})"
    )


def settle(text: str, target: Target, known: Mapping[str, str] | None = None, phrases: Mapping[str, str] | None = None) -> str:
    """HTML in which every number leads somewhere and every date is marked as one.

    Parameters
    ----------
    text : str
        HTML as `present` renders it.
    target : callable
        Address for a reference.
    known : mapping, optional
        References by numeral, for numerals that curated prose holds.
    phrases : mapping, optional
        HTML by whole pieces of text that are known already.
    """

    def lead(ref: str, shown: str) -> str:
        address = target(ref)
        return f'<a class="cm-ref" href="{html.escape(address)}">{shown}</a>' if address else shown

    def word(found: re.Match[str]) -> str:
        ref = _reference(found, known)
        return lead(ref, _marked(found, known)) if ref else _marked(found, known)

    def piece(found: re.Match[str]) -> str:
        kind, whole = found.lastgroup, found.group()
        if kind == "data":
            return lead(found["ref"], whole)
        if kind == "link":
            return whole if 'class="cm-ref"' in whole[:60] else mark(whole)
        if kind == "text":
            return phrases[whole] if phrases and whole in phrases else _words().sub(word, whole)
        return whole

    return _PIECES.sub(piece, text)


def printed(text: str, cell: str) -> str:
    """HTML that a cell put out as it is, in which numerals lead to the cell and dates are marked as such.

    A listing of over 2,000 numerals stays as it is, and so does what stands in it as code.

    Examples
    --------
    >>> printed("closed: 261", "#cell-days")
    'closed: <a class="cm-ref" href="#cell-days"><data value="261" data-ref="result:printed">261</data></a>'
    """
    count = 0

    def word(found: re.Match[str], inside: bool = False) -> str:
        nonlocal count
        if found.lastgroup != "numeral":
            return _marked(found, None)
        count += 1
        shown = f'<data value="{found.group().replace(",", "")}" data-ref="result:printed">{found.group()}</data>'
        return shown if inside else f'<a class="cm-ref" href="{html.escape(cell)}">{shown}</a>'

    def of_a_link(found: re.Match[str]) -> str:
        return _PRINTED.sub(partial(word, inside=True), found.group()) if found["text"] else found.group()

    def piece(found: re.Match[str]) -> str:
        if found.lastgroup == "link":
            return _TEXTS.sub(of_a_link, found.group())
        return _PRINTED.sub(word, found.group()) if found.lastgroup == "text" else found.group()

    marked = _PIECES.sub(piece, text)
    return marked if count <= _MOST_PRINTED else text


def mark(text: str, known: Mapping[str, str] | None = None) -> str:
    """HTML in which dates, constants, names and known numerals are marked: for words that are a link already."""

    def piece(found: re.Match[str]) -> str:
        whole = found.group()
        return _words().sub(lambda word: _marked(word, known), whole) if found.lastgroup == "text" else whole

    return _TEXTS.sub(piece, text)


def _reference(found: re.Match[str], known: Mapping[str, str] | None) -> str:
    if found.lastgroup == "constant":
        return f"constant:{_declared()[found.group()]}"
    return known.get(plain_numeral(found.group()), "") if found.lastgroup == "numeral" and known else ""


def _marked(found: re.Match[str], known: Mapping[str, str] | None) -> str:
    kind, whole = found.lastgroup, found.group()
    if ref := _reference(found, known):
        value = plain_numeral(whole) if kind == "numeral" else whole
        return f'<data value="{value}" data-ref="{ref}">{whole}</data>'
    return {"date": f"<time>{whole}</time>", "name": f"<code>{whole}</code>"}.get(kind or "", whole)


def plain_numeral(text: str) -> str:
    """A numeral in one form, by which those of prose and those of figures meet.

    Examples
    --------
    >>> plain_numeral("9,002"), plain_numeral("49.270")
    ('9002', '49.27')
    """
    value = f"{Decimal(text.replace(',', '').rstrip('.') or '0'):f}"
    return value.rstrip("0").rstrip(".") if "." in value else value


def numerals(text: str) -> list[str]:
    """Numerals of a text, each in one form."""
    return [plain_numeral(found.group()) for found in _NUMERALS.finditer(text)]


def known_figures(figures: Iterable[Figure]) -> dict[str, str]:
    """References by numeral: the numerals in which figures are printed and stored; the first figure of several wins."""
    known: dict[str, str] = {}
    for figure in figures:
        stored = [f"{value:f}" for value in (figure.value, figure.value_hi) if value is not None]
        ends = [f"{end:f}" for end in (figure.bounds.low, figure.bounds.high) if end is not None]
        for numeral in (*numerals(f"{figure.printed} {figure.quote}"), *map(plain_numeral, (*stored, *ends))):
            known.setdefault(numeral, f"figure:{figure.id}")
    return known


def known_claim(verdict: Verdict, figures: Mapping[str, Figure], texts: Iterable[str]) -> dict[str, str]:
    """References by numeral for the words of a claim: figures it uses, else its working where that gives the numeral."""
    claim = verdict.claim
    used = sorted(verdict.uses, key=lambda name: (name != claim.figure, name))
    known = known_figures(figures[name] for name in used)
    exprs = [a.expr for a in claim.alternatives] + [claim.left, claim.right, claim.derive]
    given = {numeral for expr in exprs for numeral in numerals(re.sub(r"[A-Za-z_]\w*", " ", expr))}
    computed = _computed(verdict, figures)
    for numeral in (numeral for text in texts for numeral in numerals(text)):
        if numeral in given or any(_rounds_to(value, numeral) for value in computed):
            known.setdefault(numeral, f"result:{claim.id}")
    return known


def _computed(verdict: Verdict, figures: Mapping[str, Figure]) -> set[Decimal]:
    """What the working of a claim gives on the way: its sides, their ranges, and sums, differences and shares of two."""
    claim = verdict.claim
    values = {name: figures[name].value for name in verdict.uses}
    sides = {evaluate(expr, values) for expr in (claim.left, claim.right, claim.derive) if expr}
    ends = {end for i in verdict.implied for end in (i.value, i.interval.low, i.interval.high) if end is not None}
    inputs = set(values.values()) | sides | {Decimal(round(implied.value)) for implied in verdict.implied}
    pairs = [(first, second) for first in inputs for second in inputs if first != second]
    found: set[Decimal] = (
        inputs | ends | {first + second for first, second in pairs} | {first - second for first, second in pairs}
    )
    found |= {first / second * scale for first, second in pairs if second for scale in (1, 100, 10_000)}
    return found | {value / unit for value in found for unit in (10_000, 100_000_000)}


def _rounds_to(value: Decimal, numeral: str) -> bool:
    shown = Decimal(numeral)
    exponent = shown.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return bool(abs(abs(value) - shown) <= Decimal(1).scaleb(exponent) / 2)
