"""What the printed report holds, as plain strings with their links: results, evidence and audit."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from county_metrics.analysis.sources import case_table, claims, figures_of, guide, readings_of, works
from county_metrics.evidence.browse import timeline
from county_metrics.evidence.frames import curated
from county_metrics.evidence.schema import Mechanism
from county_metrics.paths import fonts
from county_metrics.pipeline.collect import blocks
from county_metrics.pipeline.digest import digest
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both, join, markup, plain, say
from county_metrics.report.journal import printed_text
from county_metrics.report.method import command

if TYPE_CHECKING:
    from county_metrics.report.pages import RunPage

_NUMBER = re.compile(r'<data value="[^"]*" data-ref="([^"]*)">([^<]*)</data>')
_LONG = re.compile(r"[^\s\u200b\u2e80-\u9fff\uff00-\uffef]{25,}")
_PIECES = re.compile(r"[^/_.\-]{1,24}[/_.\-]?|[/_.\-]")
_KEY = 12
# In halves of a Chinese sign of the table's size: a line of a table, its widest column, what counts as short, the space
# between two columns; then what a page of table holds, in the same measure and in rows.
_LINE, _WIDEST, _SHORT, _GAP, _PAGE, _PAGE_ROWS = 112, 60, 15, 2.5, 5000, 50
_WORD = re.compile(r"[^\s\u200b\u2e80-\u9fff\uff00-\uffef/-]+[/-]?|[\u2e80-\u9fff\uff00-\uffef]{1,2}")
_WIDTHS = {"intervals": 0.6, "multiples": 0.9}
_BETWEEN = both("; ", "；")

Part = str | dict[str, str]
Block = dict[str, Any]


@cache
def _drawable() -> frozenset[int]:
    """Code points for which both shipped fonts have a sign."""
    from fontTools.ttLib import TTFont

    found = [set(TTFont(file, lazy=True).getBestCmap()) for file in sorted(fonts().glob("*.ttf"))]
    return frozenset(set.intersection(*found))


def visible(text: str) -> str:
    r"""Text on one line whose every sign is seen: what has no glyph, or acts unseen, stands as its code point.

    Examples
    --------
    >>> visible("a\u202eb\nc")
    'a[U+202E]b c'
    """
    seen = "".join(sign if ord(sign) in _drawable() else f"[U+{ord(sign):04X}]" for sign in printed_text(text))
    return _LONG.sub(lambda word: "\u200b".join(_PIECES.findall(word.group())), seen)


class _Document:
    """Blocks of the report in one language; a number becomes a link to the table that holds it."""

    def __init__(self, language: str, figures: frozenset[str]) -> None:
        self.language, self.figures = language, figures
        self.blocks: list[Block] = []
        self.places: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.scope = ""
        self.again: dict[str, str] = {}

    def words(self, node: Any, *, holds: bool = False) -> list[Part]:
        """Parts of a text; with `holds`, a number not seen before has its place here."""
        parts: list[Part] = []
        pieces = [html.unescape(piece) for piece in _NUMBER.split(markup(node, self.language))]
        for between, ref, digits in zip_longest(pieces[0::3], pieces[1::3], pieces[2::3]):
            parts += [visible(between)] if between else []
            parts += [self._number(visible(digits), ref, holds)] if ref else []
        return parts

    def _number(self, text: str, ref: str, holds: bool) -> Part:
        key = ref if ref in self.figures else f"{self.scope}/{ref}"
        own = holds and (ref in self.figures) == (self.scope == "")
        if own and key not in self.places:
            self.places[key] = f"n{len(self.places)}"
            return {"t": text, "at": self.places[key]}
        return {"t": text, "key": key}

    def heading(self, level: int, node: Any) -> None:
        self.blocks.append({"k": "heading", "level": level, "text": self.words(node)})

    def text(self, node: Any, *, holds: bool = False) -> None:
        self.blocks.append({"k": "text", "text": self.words(node, holds=holds)})

    def code(self, text: str) -> None:
        self.blocks.append({"k": "code", "text": self.words(text)})

    def card(self, card: dict[str, Any]) -> None:
        """Headline of a run with its bounds and the four items of its grade."""
        grade = [(item["label"], say("gate.yes" if item["passed"] else "gate.no")) for item in card.get("grade", [])]
        items = [say("pdf.grade_item", label=label, answer=answer) for label, answer in grade]
        texts = {
            "place": join([card[name] for name in ("title", "place") if card.get(name)], " · "), "from-to": card.get("from_to"),
            "headline": card.get("headline"), "bounds": say("pdf.bounds", bounds=card["bounds"]) if card.get("bounds") else None,
            "grade": say("pdf.grade", items=join(items, " · ")) if items else None,
        }  # fmt: skip
        self.blocks.append({"k": "card"} | {name: self.words(text) for name, text in texts.items()})

    def add(self, block: dict[str, Any], figure: str = "", scopes: list[str] | None = None) -> None:
        """A payload block; a table that stands elsewhere already is only pointed at.

        With `scopes`, the run of each row: its numbers then lead to that run's tables.
        """
        if block["block"] == "table":
            if label := self._new(block, block["caption"]):
                self._table(block, label, scopes)
        elif block["block"] == "plot" and figure:
            alt = visible(plain(block["alt"], self.language)).replace("\u200b", "")
            shown = {"path": figure, "alt": alt, "width": _WIDTHS.get(block["kind"], 0.72)}
            self.blocks.append({"k": "plot", "caption": self.words(block["caption"])} | shown)
        elif block["block"] == "notice" and (label := self._new(block, block["title"])):
            body = [self.words(text) for text in block["paragraphs"]]
            title = self.words(block["title"])
            self.blocks.append({"k": "notice", "id": label, "tone": block["tone"], "title": title, "body": body})

    def _new(self, block: dict[str, Any], title: Any) -> str | None:
        """Label of a block not shown before; of another one it is only noted that it stands elsewhere."""
        key = digest({name: value for name, value in block.items() if name != "name"})
        # A run's own results stand in the run, however like those of another.
        if key not in self.labels and "'result:" in str(block):
            key = f"{self.scope}{key}"
        if key in self.labels:
            self.again[self.labels[key]] = visible(plain(title, self.language))
            return None
        self.labels[key] = f"t{len(self.labels)}"
        return self.labels[key]

    def _table(self, block: dict[str, Any], label: str, scopes: list[str] | None) -> None:
        columns = [{"label": self.words(c["label"]), "num": c["numeric"]} for c in block["columns"]]
        rows = []
        for row, scope in zip(block["rows"], scopes or [self.scope] * len(block["rows"]), strict=True):
            self.scope = scope
            # A unit may go to the next line: columns are narrow.
            cells = [self.words(cell, holds=scopes is None) for cell in row]
            rows.append([[p.replace("\u00a0", " ") if isinstance(p, str) else p for p in cell] for cell in cells])
        widths = _widths([[col["label"] for col in columns], *rows], [col["num"] for col in columns])
        sizes = [_width(cell) for row in rows for cell in row]
        whole = sum(sizes) < _PAGE / 2 and len(rows) <= _PAGE_ROWS / 2
        shown = {
            "k": "table", "id": label, "caption": self.words(block["caption"]), "rows": rows, "whole": whole,
            "tall": max(sizes, default=0) > _PAGE / 4, "notes": [self.words(note) for note in block["notes"]],
            "columns": [col | {"w": width} for col, width in zip(columns, widths, strict=True)],
        }  # fmt: skip
        self.blocks.append(shown)

    def repeated(self) -> None:
        """Where what stands elsewhere already is to be found."""
        links: list[Part] = [{"t": text, "to": place} for place, text in self.again.items()]
        parts = [part for link in links for part in (link, plain(_BETWEEN, self.language))][:-1]
        if parts:
            self.blocks.append({"k": "text", "text": [*self.words(say("pdf.again")), *parts]})
        self.again = {}

    def finished(self) -> list[Block]:
        """The blocks with every link that has a target; without one the words stay."""
        return [_linked(block, self.places) for block in self.blocks]


def _linked(node: Any, places: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_linked(item, places) for item in node]
    if isinstance(node, dict) and "key" in node:
        return {"t": node["t"], "to": places[node["key"]]} if node["key"] in places else node["t"]
    if isinstance(node, dict):
        return {name: _linked(value, places) for name, value in node.items()}
    return node


def _text(parts: list[Part]) -> str:
    return "".join(part if isinstance(part, str) else part["t"] for part in parts)


def _width(parts: list[Part]) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in _text(parts))


def _widths(rows: list[list[list[Part]]], numeric: list[bool]) -> list[float]:
    """Share of the width of each column, none narrower than its longest word; 0 for one as wide as its text."""
    least, wanted, most = [], [], []
    for cells, digits in zip(zip(*rows, strict=True), numeric, strict=True):
        lengths = [_width(cell) for cell in cells]
        # A short number or interval stays on one line.
        kept = [digits and length <= _SHORT for length in lengths]
        words = [
            word for cell, one in zip(cells, kept, strict=True) for word in ([_text(cell)] if one else _WORD.findall(_text(cell)))
        ]
        usual = min(max(lengths), _WIDEST / 2) if digits else min(_WIDEST, (max(lengths) * sum(lengths) / len(lengths)) ** 0.5)
        most.append(max(lengths))
        least.append(_GAP + max((_width([word]) for word in words), default=0))
        wanted.append(max(least[-1], _GAP + usual))
    if sum(most) + _GAP * len(most) <= 0.8 * _LINE:
        ranks = [(not digits, length) for digits, length in zip(numeric, most, strict=True)]
        return [float(index == ranks.index(max(ranks))) for index in range(len(most))]
    spare, over = max(0.0, _LINE - sum(least)), max(1.0, sum(wanted) - sum(least))
    return [round(low + (high - low) * min(1.0, spare / over), 2) for low, high in zip(least, wanted, strict=True)]


def report_document(pages: list[RunPage], language: str, folder: Path) -> dict[str, Any]:
    """Everything the template sets, as plain strings and their links.

    Parameters
    ----------
    pages : list of RunPage
    language : {"en", "zh"}
    folder : Path
        The site; a figure that is not there is left out.
    """
    from county_metrics import __version__

    document = _Document(language, frozenset(f"figure:{name}" for name in curated().figures))
    _chapters(document)
    chapters, document.blocks = document.blocks, []
    _front(document, pages)
    document.heading(1, say("pdf.runs"))
    for page in pages:
        _run(document, page, folder)
    if not pages:
        document.text(say("pdf.no_runs"))
    document.scope = ""
    document.blocks += chapters
    _rerun(document, pages)
    title, version = plain(say("pdf.title"), language), visible(__version__)
    imprint = [say("pdf.version", version=version), say("pdf.licence")]
    return {
        "lang": language, "title": title, "author": plain(say("site.name"), language),
        "description": plain(say("pdf.description"), language), "footer": plain(say("site.name"), language),
        "contents": plain(say("pdf.contents"), language), "subtitle": document.words(say("pdf.description")),
        "statement": document.words(say("site.chosen")), "imprint": [document.words(text) for text in imprint],
        "blocks": document.finished(),
    }  # fmt: skip


def _front(document: _Document, pages: list[RunPage]) -> None:
    """What the report is, and every change at a glance."""
    document.heading(1, say("pdf.about"))
    for text in (say("site.lead"), say("pdf.about_numbers"), say("pdf.about_change"), say("pdf.about_left_out")):
        document.text(text)
    cards = [(page.name, page.card) for page in pages if page.card.get("from_to")]
    if cards:
        document.heading(2, say("pdf.changes"))
        document.add(_changes(cards), scopes=[name for name, _ in cards])
    document.heading(2, say("pdf.guide"))
    document.add(guide().payload())


def _changes(cards: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    names = ("dates", "statistic", "scope", "independent")
    columns = [
        column("indicator", say("site.indicator")), column("from_to", say("site.from_to")),
        column("change", say("site.change"), numeric=True), column("bounds", say("site.bounds"), numeric=True),
        *(column(name, say(f"pdf.{name}")) for name in names),
    ]  # fmt: skip
    rows = []
    for _, card in cards:
        which = join([card[name] for name in ("title", "place") if card.get(name)], " · ")
        answers = [say("gate.yes" if item["passed"] else "gate.no") for item in card.get("grade", [])]
        answers += [say("number.none")] * (len(names) - len(answers))
        rows.append([which, card["from_to"], card.get("headline"), card.get("bounds"), *answers[: len(names)]])
    return payload.table("changes", say("pdf.changes_caption"), columns, rows, [say("pdf.changes_note")])


def _run(document: _Document, page: RunPage, folder: Path) -> None:
    """A run: headline, tables and plots; not its prose, not the solutions of its exercises."""
    spec, card = page.outcome.spec, page.card
    document.scope = page.name
    document.heading(2, both(**spec.title))
    if not page.outcome.good:
        document.text(say("site.earlier"))
    if card:
        document.card(card)
    notebook = page.notebook
    left_out = {cell["id"] for cell in notebook["cells"] if "solution" in cell["metadata"].get("tags", [])}
    shown = [block for cell, block in blocks(notebook) if cell not in left_out]
    record = [block["shown"] for block in shown if block["block"] == "results"]
    rest = [block for block in shown if block not in record]
    for block in rest if any(block["block"] == "table" for block in rest) else shown:
        figure = f"figures/{page.name}/{block.get('name')}.{document.language}.svg"
        document.add(block, figure if (folder / figure).is_file() else "")
    document.repeated()
    document.code(command(page.name, spec.source))
    if spec.parameters:
        listed = []
        for name, value in sorted(spec.parameters.items()):
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            shown_value = number(value, ref=f"param:{name}") if numeric else str(value)
            listed.append(say("pdf.parameter", name=name, value=shown_value))
        document.text(say("pdf.parameters", listed=join(listed, _BETWEEN)), holds=True)


def _chapters(document: _Document) -> None:
    """Cases with their figures, the audit, the mechanisms, the sources: from the curated data."""
    data = curated()
    document.heading(1, say("pdf.evidence"))
    document.add(case_table().payload())
    audited = {claim.case for claim in data.claims}
    for case in data.cases:
        document.heading(2, both(**case.name))
        events = timeline(case).payload()
        if events["block"] != "table":
            document.text(both(**case.selection))
        document.add(events)
        if case.figures:
            document.add(figures_of(case.id).payload())
    document.heading(1, say("pdf.audit"))
    document.text(say("pdf.audit_intro"))
    for case in data.cases:
        if case.id in audited:
            document.heading(2, both(**case.name))
            document.add(claims(case.id).payload())
            readings = readings_of(case.id).payload()
            if readings["block"] == "table":
                document.add(readings)
    document.heading(1, say("pdf.mechanisms"))
    names = {case.id: both(**case.name) for case in data.cases}
    for place in dict.fromkeys(mechanism.case for mechanism in data.mechanisms):
        document.heading(2, names.get(place, say("pdf.national")))
        own = [mechanism for mechanism in data.mechanisms if mechanism.case == place]
        for system in dict.fromkeys(mechanism.system["en"] for mechanism in own):
            document.add(_mechanisms([mechanism for mechanism in own if mechanism.system["en"] == system]))
    document.heading(1, say("pdf.sources"))
    document.add(works().payload())


def _mechanisms(found: list[Mechanism]) -> dict[str, Any]:
    columns = [column(name, say(f"pdf.{name}")) for name in ("mechanism", "what", "measure", "data")]
    rows = [[both(**m.name), both(**m.what), both(**m.measure), both(**m.data)] for m in found]
    system = both(**found[0].system) if found[0].system["en"] else say("pdf.no_system")
    return payload.table("mechanisms", say("pdf.mechanisms_caption", system=system), columns, rows)


def _rerun(document: _Document, pages: list[RunPage]) -> None:
    document.heading(1, say("pdf.rerun"))
    document.text(say("pdf.rerun_text"))
    document.code("county-metrics report")
    columns = [column("run", say("results.run")), column("command", say("pdf.command")), column("key", say("pdf.key"))]
    rows = []
    for page in pages:
        spec, entry = page.outcome.spec, page.outcome.entry
        rows.append([both(**spec.title), command(page.name, spec.source), entry.name[:_KEY] if entry else ""])
    document.add(payload.table("runs", say("pdf.rerun_caption"), columns, rows, [say("pdf.rerun_note")]))
