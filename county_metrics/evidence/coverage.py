"""Whether every numeral and quantity word of a source is a figure, an event, a claim, or left out with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from county_metrics.errors import Problem
from county_metrics.evidence.catalogue import Catalogue
from county_metrics.evidence.locate import Copy, Text, squeezed

# Spelt numbers count where they quantify: before a measure word, or in a fixed expression of size.
_SPELT = "[零〇一二两三四五六七八九十百千万半]"
_MEASURE = "[个项家条张种类大级步天年次倍成番件支枚位名组批届]"
_QUANTITY = re.compile(
    rf"\d+(?:\.\d+)?|百分之|全覆盖|翻[一两]?番|{_SPELT}+成|{_SPELT}+倍|(?<!进){_SPELT}+{_MEASURE}|百强|十二连冠|零增长|前三|减半|过半"
)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A numeral or quantity word that nothing accounts for."""

    source: str
    paragraph: int
    text: str
    around: str


def _spans(phrases: Iterable[str], text: Text) -> list[tuple[int, int]]:
    whole = text.whole
    found = []
    for phrase in {squeezed(phrase) for phrase in phrases}:
        start = whole.find(phrase)
        while phrase and start >= 0:
            found.append((start, start + len(phrase)))
            start = whole.find(phrase, start + 1)
    return found


def uncovered(copy: Copy, catalogue: Catalogue) -> list[Uncovered]:
    """Quantities of an intact text that no figure, event, claim, mechanism or reason accounts for."""
    phrases = [item.quote for item in catalogue.quoted if item.source == copy.source]
    phrases += [row.values["text"] for row in catalogue.uncovered if row.values["source"] == copy.source]
    covered = bytearray(len(copy.text.whole))
    for start, end in _spans(phrases, copy.text):
        covered[start:end] = b"\1" * (end - start)
    whole = copy.text.whole
    found = []
    for match in _QUANTITY.finditer(whole):
        if not all(covered[match.start() : match.end()]):
            around = whole[max(0, match.start() - 8) : match.end() + 8].replace("\n", " ")
            found.append(Uncovered(copy.source, whole.count("\n", 0, match.start()) + 1, match.group(), around))
    return found


def check_reasons(copy: Copy, catalogue: Catalogue) -> list[Problem]:
    """Rows of ``uncovered.csv`` whose text does not stand in the source as often as they say."""
    problems = []
    for row in catalogue.uncovered:
        if row.values["source"] == copy.source:
            count = copy.text.whole.count(squeezed(row.values["text"]))
            if count != int(row.values["count"]):
                problems.append(
                    row.problem(
                        "count", f"{row.values['count']}, but '{row.values['text']}' stands {count} times in {copy.source}"
                    )
                )
    return problems
