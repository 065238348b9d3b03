"""An executed notebook as the body of a page in one language."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from county_metrics.present.payload import MIME, to_html
from county_metrics.present.wording import LANGUAGES, catalogue

_OURS = "application/x-county-metrics"
_PRIORITY = [_OURS, "text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]
_DATA = re.compile(r'<data\b[^>]*\bdata-ref="([^"]*)"[^>]*>[^<]*</data>')
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
        "var",
    ]
)
_ATTRIBUTES = frozenset(
    ["alt", "class", "colspan", "dir", "href", "hreflang", "id", "lang", "rowspan", "scope", "start", "title"]
)
_UNSEEN = re.compile(r"<(style|script)\b.*?</\1\s*>", re.S | re.I)
_HEADING = re.compile(r"<h2\b[^>]*>(.*?)</h2>", re.S)


def words(language: str) -> dict[str, str]:
    """Fixed words of the site in one language."""
    return {name.removeprefix("site."): text[language] for name, text in catalogue().items() if name.startswith("site.")}


@cache
def _exporter() -> Any:
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    exporter = HTMLExporter(
        config=Config({"NbConvertBase": {"display_data_priority": _PRIORITY}}),
        extra_template_basedirs=[str(Path(__file__).parent / "templates")],
        template_name="notebook",
        exclude_anchor_links=True,
    )
    exporter.register_filter("sanitise", sanitise)
    exporter.register_filter("base64", lambda text: base64.b64encode(text.encode("utf-8")).decode("ascii"))
    return exporter


def sanitise(html: str) -> str:
    """HTML that a notebook wrote itself, reduced to harmless tags: no script, style, form, frame or foreign address."""
    import bleach

    html = _UNSEEN.sub("", html)
    return str(bleach.clean(html, tags=_TAGS, attributes=_harmless, protocols=["http", "https", "mailto", "data"], strip=True))


def _harmless(tag: str, name: str, value: str) -> bool:
    if (tag, name) == ("img", "src"):
        return value.startswith("data:image/")
    return name in _ATTRIBUTES and not value.strip().lower().startswith("data:")


def render_notebook(
    notebook: dict[str, Any], language: str, figure: Callable[[dict[str, Any]], str] | None, *, marked: str | None = None
) -> str:
    """Body of a notebook's page.

    Parameters
    ----------
    notebook : dict
        As kept by the pipeline.
    language : {"en", "zh"}
        Prose cells of the other language are left out; payloads are rendered in this one.
    figure : callable
        Gives the address of a plot block's image; without it only captions are set.
    marked : str, optional
        Id of the cell at which a failed run stopped; cells that were not executed then say so.

    Returns
    -------
    str
        HTML without scripts or inline styles; what the notebook itself put out as HTML is sanitised.
    """
    import nbformat

    shown = copy.deepcopy(notebook)
    others = {f"lang-{name}" for name in LANGUAGES if name != language}
    shown["cells"] = [cell for cell in shown["cells"] if not others.intersection(cell["metadata"].get("tags", []))]
    for cell in shown["cells"]:
        for output in cell.get("outputs", []):
            block = output.get("data", {}).get(MIME)
            if block is not None:
                output["data"] = {_OURS: to_html(block, language, figure)}
    resources = {"words": words(language), "marked": marked, "not_run": marked is not None, "open_code": marked is not None}
    body, _ = _exporter().from_notebook_node(nbformat.from_dict(shown), resources=resources)
    return str(body)


def link_numbers(html: str, target: Callable[[str], str | None]) -> str:
    """Make every marked-up number a link to where it comes from.

    Parameters
    ----------
    html : str
    target : callable
        Address for a reference such as ``figure:…`` or ``result:…``, or None.
    """

    def wrap(found: re.Match[str]) -> str:
        address = target(found.group(1))
        return f'<a class="cm-ref" href="{address}">{found.group(0)}</a>' if address else found.group(0)

    return _DATA.sub(wrap, html)


def with_contents(html: str) -> tuple[str, list[dict[str, str]]]:
    """A body with an id on each second-level heading, and those headings for the page's contents."""
    contents: list[dict[str, str]] = []

    def name(found: re.Match[str]) -> str:
        contents.append({"id": f"section-{len(contents) + 1}", "text": re.sub(r"<[^>]*>", "", found.group(1))})
        return f'<h2 id="{contents[-1]["id"]}">{found.group(1)}</h2>'

    return _HEADING.sub(name, html), contents
