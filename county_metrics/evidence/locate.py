"""Finding figures in a reader's own copy of the source texts: normalise, locate, compare, report."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from county_metrics.errors import CountyMetricsError
from county_metrics.evidence.schema import Source

NORMALISER = "1"
"""Version of the normalisation; locks made under another version are stale."""

LOCK_COLUMNS = ("id", "source", "rendition", "paragraph", "start", "quote_sha256", "sentence_sha256", "normaliser")
_GLOSS = re.compile(r"\([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ]{1,6}\)")
_SENTENCE_END = re.compile(r"[。!?]")


class MissingExtraError(CountyMetricsError):
    """Something needs an optional package; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Anything with a locating phrase: a figure, an event, a claim, a mechanism."""

    id: str
    kind: str
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Text:
    """A normalised text: paragraphs without white space, and where each begins in the whole."""

    paragraphs: tuple[str, ...]

    @property
    def whole(self) -> str:
        """All paragraphs in a row, a line break between them."""
        return "\n".join(self.paragraphs)

    @property
    def sha256(self) -> str:
        """Digest by which a rendition is known."""
        return _sha256(self.whole)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a phrase stands in a rendition: paragraph from 1, offset in it from 0, digest of its sentence."""

    paragraph: int
    start: int
    sentence_sha256: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one phrase in one file: found, changed, missing or ambiguous."""

    id: str
    kind: str
    source: str
    rendition: str
    file: str
    state: str
    message: str


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def normalise(text: str, script: str = "simplified") -> Text:
    """Text in the form in which phrases are looked for.

    Parameters
    ----------
    text : str
        As read from a file.
    script : {"simplified", "traditional"}
        A traditional text is converted, which needs the extra ``sources``.

    Raises
    ------
    MissingExtraError
        If the extra is needed and not installed.

    Examples
    --------
    >>> normalise("由 ２３０ 个工作日（共）").paragraphs
    ('由230个工作日(共)',)
    >>> normalise("據(jù)此").paragraphs
    ('據此',)
    """
    folded = _GLOSS.sub("", unicodedata.normalize("NFKC", text))
    if script == "traditional":
        folded = _simplified(folded)
    squeezed = ("".join(line.split()) for line in folded.splitlines())
    return Text(tuple(line for line in squeezed if line))


def _simplified(text: str) -> str:
    try:
        from opencc import OpenCC
    except ImportError as error:
        message = "a text in traditional script needs OpenCC; install it with: pip install 'county-metrics[sources]'"
        raise MissingExtraError(message) from error
    return str(OpenCC("t2s").convert(text))


@cache
def squeezed(phrase: str) -> str:
    """A phrase in the form in which it is looked for."""
    return "".join(unicodedata.normalize("NFKC", phrase).split())


def locate(quote: str, text: Text) -> list[Anchor]:
    """Every place of a phrase in a text."""
    wanted = squeezed(quote)
    found = []
    for number, paragraph in enumerate(text.paragraphs, start=1):
        start = paragraph.find(wanted)
        while start >= 0:
            found.append(Anchor(number, start, _sha256(_sentence(paragraph, start, start + len(wanted)))))
            start = paragraph.find(wanted, start + 1)
    return found


def _sentence(paragraph: str, start: int, end: int) -> str:
    before = [match.end() for match in _SENTENCE_END.finditer(paragraph, 0, start)]
    after = _SENTENCE_END.search(paragraph, max(start, end - 1))
    return paragraph[before[-1] if before else 0 : after.end() if after else len(paragraph)]


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a reader's folder, recognised as a rendition of a source."""

    file: str
    source: str
    rendition: str
    preferred: bool
    text: Text
    intact: bool


def read_copies(folder: Path, sources: Iterable[Source], quoted: Sequence[Quoted]) -> list[Copy]:
    """Recognise the text files of a folder.

    A file is a rendition whose digest it has; else, if at least a third of a source's phrases
    stand in it, an edited or damaged copy of that source's preferred rendition.
    """
    renditions = {entry["sha256"]: (source.id, entry) for source in sources for entry in source.renditions}
    copies = []
    for path in sorted(folder.glob("*.txt")):
        raw = path.read_bytes().decode("utf-8-sig", errors="replace")
        text = normalise(raw)
        if text.sha256 not in renditions and any(entry["script"] == "traditional" for _, entry in renditions.values()):
            try:
                converted = normalise(raw, "traditional")
            except MissingExtraError:
                converted = text
            text = converted if converted.sha256 in renditions else text
        if text.sha256 in renditions:
            source, entry = renditions[text.sha256]
            copies.append(Copy(path.name, source, entry["id"], entry["preferred"] == "true", text, True))
        elif guess := _likeliest(text, quoted):
            copies.append(Copy(path.name, guess, "edited copy", True, text, False))
    return copies


def _likeliest(text: Text, quoted: Sequence[Quoted]) -> str | None:
    counts: dict[str, list[int]] = {}
    for item in quoted:
        found, total = counts.get(item.source, [0, 0])
        counts[item.source] = [found + bool(locate(item.quote, text)), total + 1]
    best = max(counts, key=lambda name: counts[name][0] / counts[name][1], default=None)
    return best if best and counts[best][0] * 3 >= counts[best][1] and counts[best][0] else None


def verify(copies: Iterable[Copy], quoted: Sequence[Quoted], lock: dict[str, dict[str, str]]) -> list[Finding]:
    """Look for every phrase in every copy of its source.

    Parameters
    ----------
    copies : iterable of Copy
    quoted : sequence of Quoted
    lock : dict
        Rows of ``anchors.lock.csv`` by id.

    Returns
    -------
    list of Finding
        One for each phrase and copy, in the order of the copies.
    """
    findings = []
    for copy in copies:
        for item in (item for item in quoted if item.source == copy.source):
            anchors = locate(item.quote, copy.text)
            state, message = _state(item, anchors, lock.get(item.id))
            findings.append(Finding(item.id, item.kind, copy.source, copy.rendition, copy.file, state, message))
    return findings


def _state(item: Quoted, anchors: list[Anchor], locked: dict[str, str] | None) -> tuple[str, str]:
    if not anchors:
        return "missing", f"'{item.quote}' does not stand in the text"
    if len(anchors) > 1:
        return "ambiguous", f"'{item.quote}' stands {len(anchors)} times in the text; a locating phrase must stand once"
    if locked is None or locked["normaliser"] != NORMALISER:
        return "unlocked", "found, but anchors.lock.csv has no current row for it; make it anew with --write"
    if anchors[0].sentence_sha256 != locked["sentence_sha256"]:
        return "changed", f"the sentence around '{item.quote}' differs from the one that was read"
    return "found", f"paragraph {anchors[0].paragraph}"


def lock_text(copies: Iterable[Copy], quoted: Sequence[Quoted], earlier: dict[str, dict[str, str]] | None = None) -> str:
    """Content of ``anchors.lock.csv``: the place of every phrase in the preferred rendition; `earlier` rows else."""
    preferred = {copy.source: copy for copy in copies if copy.preferred}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(LOCK_COLUMNS)
    for item in sorted(quoted, key=lambda item: item.id):
        copy = preferred.get(item.source)
        anchors = locate(item.quote, copy.text) if copy else []
        if copy and len(anchors) == 1:
            at = anchors[0]
            place = (copy.rendition, at.paragraph, at.start)
            writer.writerow([item.id, item.source, *place, quote_digest(item.quote), at.sentence_sha256, NORMALISER])
        elif copy is None and earlier and item.id in earlier:
            writer.writerow([earlier[item.id][name] for name in LOCK_COLUMNS])
    return out.getvalue()


def quote_digest(quote: str) -> str:
    """Digest of a phrase, which shows without any text whether a lock row is about the same phrase."""
    return _sha256(squeezed(quote))


def read_lock(path: Path) -> dict[str, dict[str, str]]:
    """Rows of ``anchors.lock.csv`` by id; empty where there is none."""
    if not path.is_file():
        return {}
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    return {row["id"]: row for row in rows}
