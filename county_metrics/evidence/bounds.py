"""What a printed number can mean: reading its form, its bounds, and corner evaluation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from county_metrics.evidence.schema import Quantifier

_MAGNITUDES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_SPELT = {"全": Decimal(100), "零": Decimal(0)}
_ARABIC = re.compile(r"\d+(?:\.\d+)?")
_FALL = re.compile(r"(?:下降|减少|缩减|降低|下调)(?!至|到|为)")
_HALF = re.compile(r"一?半")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)(?:至|到|—|~|-)(\d+(?:\.\d+)?)(.*)")
_CHINESE = re.compile(r"[零〇一二两三四五六七八九十百千]+")


@dataclass(frozen=True, slots=True)
class Interval:
    """Closed interval; an end of None is open to that side."""

    low: Decimal | None
    high: Decimal | None

    def __contains__(self, value: Decimal) -> bool:
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    @property
    def bounded(self) -> bool:
        """Whether both ends are known."""
        return self.low is not None and self.high is not None

    @property
    def exact(self) -> bool:
        """Whether it is a single value."""
        return self.bounded and self.low == self.high


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """What a printed figure says by itself: value, rounding step, quantifier word."""

    value: Decimal
    step: Decimal
    word: str
    value_hi: Decimal | None = None


def bounds(
    value: Decimal, quantifier: Quantifier, step: Decimal, value_hi: Decimal | None = None, *, hard: bool = False
) -> Interval:
    """Interval that a printed number leaves open.

    Parameters
    ----------
    value : Decimal
        The printed value, in its unit.
    quantifier : Quantifier
        How the source qualifies it; its ends are counted in rounding steps.
    step : Decimal
        Rounding step of the printed form; 0 for a number that is exact by nature.
    value_hi : Decimal, optional
        Upper end of a printed range.
    hard : bool
        With True what the words allow at most; otherwise what they are usually taken to mean.

    Returns
    -------
    Interval
        Ends in the unit of `value`; an end that the words leave open is None.

    Examples
    --------
    >>> whole = Quantifier("exact", (), {}, (Decimal("-0.5"), Decimal("0.5")), (Decimal("-0.5"), Decimal("0.5")))
    >>> bounds(Decimal(230), whole, Decimal(1))
    Interval(low=Decimal('229.5'), high=Decimal('230.5'))
    """
    low_steps, high_steps = quantifier.hard if hard else quantifier.soft
    if value < 0 and value_hi is None:
        # Words speak of the size of a fall: nearly 50 % less lies between −50 and −40.
        mirrored = bounds(-value, quantifier, step, hard=hard)
        return Interval(_negated(mirrored.high), _negated(mirrored.low))
    low = None if low_steps is None else value + low_steps * step
    high = None if high_steps is None else (value if value_hi is None else value_hi) + high_steps * step
    return Interval(low, high)


def _negated(end: Decimal | None) -> Decimal | None:
    return None if end is None else -end


def coarser_step(value: Decimal, step: Decimal) -> Decimal | None:
    """Next wider rounding step that the trailing zeros of `value` allow, or None.

    Examples
    --------
    >>> coarser_step(Decimal(230), Decimal(1))
    Decimal('10')
    >>> coarser_step(Decimal(86), Decimal(1)) is None
    True
    """
    wider = step * 10
    return wider if step > 0 and value != 0 and value % wider == 0 else None


def smallest_count(*shares: tuple[Decimal, Decimal], most: int = 1000) -> int | None:
    """Smallest number of things of which every printed share can be a share (the GRIM check), or None up to `most`.

    Parameters
    ----------
    *shares : tuple of Decimal
        Share in percent and its rounding step, one pair for each share of the same number of things.
    most : int
        Where the search ends.

    Examples
    --------
    >>> smallest_count((Decimal("96.2"), Decimal("0.1")))
    26
    >>> smallest_count((Decimal("96.2"), Decimal("0.1")), (Decimal(75), Decimal(1)))
    52
    """

    def possible(count: int, share: Decimal, step: Decimal) -> bool:
        nearest = (share * count / 100).quantize(Decimal(1))
        return any(abs(part * 100 / Decimal(count) - share) <= step / 2 for part in (nearest - 1, nearest, nearest + 1))

    return next((n for n in range(1, most + 1) if all(possible(n, share, step) for share, step in shares)), None)


def corners(function: Callable[..., Decimal], *inputs: Interval) -> Interval:
    """Range of a function over a box of intervals, evaluated at the corners.

    The function must be monotone in each input over the box; that is checked at the mid-points,
    because naive interval arithmetic on an expression that repeats an input is too wide.

    Parameters
    ----------
    function : callable
        Takes one Decimal for each interval.
    *inputs : Interval
        Bounded intervals.

    Raises
    ------
    ValueError
        If an input is unbounded or the function is not monotone in one of them.

    Examples
    --------
    >>> before, after = Interval(Decimal("229.5"), Decimal("230.5")), Interval(Decimal("85.5"), Decimal("86.5"))
    >>> change = corners(lambda b, a: (a / b - 1) * 100, before, after)
    >>> round(change.low, 2), round(change.high, 2)
    (Decimal('-62.91'), Decimal('-62.31'))
    """
    ends: list[tuple[Decimal, Decimal]] = []
    for interval in inputs:
        if interval.low is None or interval.high is None:
            raise ValueError("corner evaluation needs inputs with both ends known")
        ends.append((interval.low, interval.high))
    for index, (low, high) in enumerate(ends):
        middles = [(a + b) / 2 for a, b in ends]
        line = [function(*(x if i == index else m for i, m in enumerate(middles))) for x in (low, (low + high) / 2, high)]
        if not (line[0] <= line[1] <= line[2] or line[0] >= line[1] >= line[2]):
            raise ValueError(f"the function is not monotone in input {index + 1}")
    values = [function(*corner) for corner in product(*ends)]
    return Interval(min(values), max(values))


def read_printed(printed: str, words: Iterable[str], exact: Iterable[str] = ("达", "为")) -> PrintedForm | None:
    """Read the printed form of a figure, a fall as negative; None when it holds no number that can be read.

    Parameters
    ----------
    printed : str
        As in the source: ``230个工作日``, ``近五成``, ``100余万元``, ``1.69∶1``, ``翻两番``, ``50至60项``.
    words : iterable of str
        Quantifier words of the vocabulary.
    exact : iterable of str
        Those among them that leave the number as it is.

    Examples
    --------
    >>> read_printed("100余万元", ["余"])
    PrintedForm(value=Decimal('1000000'), step=Decimal('1000000'), word='余', value_hi=None)
    >>> read_printed("近五成", ["近"]).value
    Decimal('50')
    """
    text = unicodedata.normalize("NFKC", printed).replace(",", "").replace(" ", "")
    span = _RANGE.search(text)
    if span:
        low, high = (_arabic(digits, span.group(3), "") for digits in span.group(1, 2))
        return PrintedForm(low.value, low.step, text[span.end(1)], high.value)
    word = next((w for w in sorted(words, key=len, reverse=True) if _qualifies(w, text)), "")
    plain = (text.replace(word, "", 1) if word else text).removeprefix("百分之")
    loose = "" if word in exact else word
    form = _form(plain, loose)
    sign = -1 if _FALL.search(text) else 1
    return form and PrintedForm(sign * form.value, form.step, word)


def _qualifies(word: str, text: str) -> bool:
    """Whether a word qualifies the number: before it, right after its digits, or at the end."""
    if word not in text:
        return False
    plain = re.escape(word)
    return bool(re.search(rf"^(?:{_FALL.pattern})?{plain}|(?<=[\d十百千万亿]){plain}|{plain}$", text))


def _form(plain: str, word: str) -> PrintedForm | None:
    doubled = re.search(r"翻([一两二三四])?番", plain)
    if doubled:
        return PrintedForm(Decimal(2) ** _DIGITS.get(doubled.group(1) or "一", 1), Decimal(0), word)
    ratio = re.match(r"(\d+(?:\.\d+)?)[:∶]1$", plain)
    if ratio:
        return _arabic(ratio.group(1), "", word)
    found = _ARABIC.search(plain)
    if found:
        return _arabic(found.group(0), plain[found.end() :], word)
    if _HALF.match(plain):
        return PrintedForm(Decimal(50), Decimal(0), word)
    spelt = _CHINESE.search(plain)
    if spelt and not plain.startswith(("全", "零增")) and "分之" not in plain:
        return _spelt_out(spelt.group(0), plain[spelt.end() :], word)
    return next((PrintedForm(value, Decimal(0), word) for sign, value in _SPELT.items() if sign in plain), None)


def _arabic(digits: str, rest: str, word: str) -> PrintedForm:
    number = Decimal(digits)
    exponent = number.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    step = Decimal(1).scaleb(-places)
    if places == 0 and word and number != 0:
        step = Decimal(10) ** (len(digits) - len(digits.rstrip("0")))
    factor = _factor(rest)
    return PrintedForm(number * factor, step * factor, word)


def _spelt_out(numeral: str, rest: str, word: str) -> PrintedForm:
    total, digit = 0, 0
    for sign in numeral:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        else:
            total, digit = total + (digit or 1) * _MAGNITUDES[sign], 0
    factor = _factor(rest)
    last = _MAGNITUDES.get(numeral[-1], 1) if word else 1
    return PrintedForm(Decimal(total + digit) * factor, last * factor, word)


def _factor(rest: str) -> Decimal:
    factor = Decimal(1)
    for sign in "" if rest.startswith("百分点") else rest:
        if sign == "成":
            return factor * 10
        if sign not in _MAGNITUDES:
            break
        factor *= _MAGNITUDES[sign]
    return factor
