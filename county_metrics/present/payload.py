"""Language-neutral blocks of what is shown, and the MIME bundle a notebook keeps of them."""

from __future__ import annotations

import html
import os
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from county_metrics.present import tables
from county_metrics.present.wording import LANGUAGES, current_language, markup, plain

P = ParamSpec("P")
MIME = "application/vnd.county-metrics+json"
"""MIME type under which a notebook output keeps the payload."""
DRAWINGS = "application/vnd.county-metrics.drawings+json"
"""MIME type of plots in every language, which the runner takes out of the notebook again."""
DRAW_ALL = "COUNTY_METRICS_DRAW_ALL"


def table(
    name: str, caption: Any, columns: list[dict[str, Any]], rows: list[list[Any]], notes: list[Any] | None = None
) -> dict[str, Any]:
    """Table block; `columns` from `tables.column`, a cell is a text or number node, a string or None."""
    return {"block": "table", "name": name, "caption": caption, "columns": columns, "rows": rows, "notes": notes or []}


def prose(*paragraphs: Any) -> dict[str, Any]:
    """Block of paragraphs."""
    return {"block": "prose", "paragraphs": list(paragraphs)}


def notice(tone: str, title: Any, *paragraphs: Any) -> dict[str, Any]:
    """Block set apart: a refusal, a warning, a note."""
    return {"block": "notice", "tone": tone, "title": title, "paragraphs": list(paragraphs)}


def plot(kind: str, name: str, caption: Any, alt: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Figure block: the kind of plot and the data behind it."""
    return {"block": "plot", "kind": kind, "name": name, "caption": caption, "alt": alt, "data": data}


def stack(*blocks: dict[str, Any]) -> dict[str, Any]:
    """Several blocks shown one after the other."""
    return {"block": "stack", "blocks": list(blocks)}


def results(rows: list[dict[str, Any]], card: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """Typed results of a run, what an overview shows of it, and the block that shows them all."""
    return {"block": "results", "rows": rows, "card": card, "shown": shown}


def walk(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The block and every block within it, in reading order."""
    inner = block.get("blocks", []) + ([block["shown"]] if block["block"] == "results" else [])
    return [block] + [found for part in inner for found in walk(part)]


def to_html(block: dict[str, Any], language: str, figure: Any = None, *, page: bool = False) -> str:
    """A block as HTML.

    Parameters
    ----------
    block : dict
        A block of this module.
    language : {"en", "zh"}
    figure : callable, optional
        Gives the ``src`` of a plot block; without it only the caption is set.
    page : bool
        Tables as a page of the report shows them.
    """
    kind = block["block"]
    if kind == "stack":
        return "\n".join(to_html(part, language, figure, page=page) for part in block["blocks"])
    if kind == "results":
        return to_html(block["shown"], language, figure, page=page)
    if kind == "table":
        return tables.table_html(block, language, page=page)
    if kind == "plot":
        image = f'<img src="{html.escape(figure(block))}" alt="{_attribute(block["alt"], language)}">' if figure else ""
        return f'<figure class="cm-plot">{image}<figcaption>{markup(block["caption"], language)}</figcaption></figure>'
    paragraphs = "".join(f"<p>{markup(text, language)}</p>" for text in block["paragraphs"])
    if kind == "notice":
        title = markup(block["title"], language)
        return f'<div class="cm-notice cm-{block["tone"]}"><p class="cm-title">{title}</p>{paragraphs}</div>'
    return f'<div class="cm-prose">{paragraphs}</div>'


def _attribute(node: Any, language: str) -> str:
    return html.escape(plain(node, language))


def to_plain(block: dict[str, Any], language: str) -> str:
    """A block as plain text, for a terminal."""
    kind = block["block"]
    if kind == "stack":
        return "\n\n".join(to_plain(part, language) for part in block["blocks"])
    if kind == "results":
        return to_plain(block["shown"], language)
    if kind == "table":
        return tables.table_plain(block, language)
    if kind == "plot":
        return f"[{plain(block['alt'], language)}]"
    title = [plain(block["title"], language)] if kind == "notice" else []
    return "\n".join(title + [plain(text, language) for text in block["paragraphs"]])


class Shown(ABC):
    """What shows itself: in a notebook as its payload with HTML or SVG beside it, on a terminal as text."""

    @abstractmethod
    def payload(self) -> dict[str, Any]:
        """Language-neutral block."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.payload())

    def summary(self) -> str:
        """The same as plain text in the current language."""
        return to_plain(self.payload(), current_language())


class Block(Shown):
    """A ready-made block that shows itself."""

    def __init__(self, block: dict[str, Any]) -> None:
        self._block = block

    def payload(self) -> dict[str, Any]:
        """The block itself."""
        return self._block

    def __repr__(self) -> str:
        return self.summary()


def shows(make: Callable[P, dict[str, Any]]) -> Callable[P, Block]:
    """Turn a function that makes a block into one whose value shows itself."""

    @wraps(make)
    def shown(*args: P.args, **kwargs: P.kwargs) -> Block:
        return Block(make(*args, **kwargs))

    return shown


def bundle(block: dict[str, Any]) -> dict[str, Any]:
    """MIME bundle of a block: payload, and HTML or SVG with plain text in the current language.

    Where the variable `DRAW_ALL` is set, as the runner does, the plots come in every language too: the kernel has all
    that drawing needs.
    """
    language = current_language()
    shown: dict[str, Any] = {MIME: block, "text/plain": to_plain(block, language)}
    if block["block"] == "plot":
        shown["image/svg+xml"] = _svg(block, language)
    else:
        shown["text/html"] = to_html(block, language, lambda plot: _source(plot, language))
    if os.environ.get(DRAW_ALL):
        drawn = {language: shown.get("image/svg+xml")}
        plots = [inner for inner in walk(block) if inner["block"] == "plot"]
        shown[DRAWINGS] = [{name: drawn.get(name) or _svg(plot, name) for name in LANGUAGES} for plot in plots]
    return shown


def _source(block: dict[str, Any], language: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(_svg(block, language).encode()).decode()}"


def _svg(block: dict[str, Any], language: str) -> str:
    from county_metrics.present.plots import svg

    return svg(block, language).decode("utf-8")
