"""An executed notebook as the body of a page in one language."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from county_metrics.present.payload import MIME, to_html
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.frame import words
from county_metrics.report.links import printed

_PRIORITY = [MIME, *"text/html image/svg+xml image/png image/jpeg text/markdown text/plain".split()]
_TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img "
    "ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
_ATTRIBUTES = frozenset("alt class colspan dir href hreflang id lang rowspan scope start title".split())
_UNSEEN = re.compile(r"<(style|script)\b.*?</\1\s*>", re.S | re.I)
_FIGURES = "@@figures@@"
_FORMULA = re.compile("\ue000(\\d+)\ue001")
_MATH = {"display", "xmlns", "alttext", "mathvariant", "stretchy", "fence", "form", "separator", "movablelimits", "columnalign"}
_MATH_TAGS = frozenset(
    "math menclose mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle msub "
    "msubsup msup mtable mtd mtext mtr munder munderover none".split()
)
_HEADING = re.compile(r"<h2\b[^>]*>(.*?)</h2>", re.S)


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup, escape
    from nbconvert.filters import strip_ansi

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    environment.filters |= {
        "base64": lambda text: b64encode(text.encode("utf-8")).decode("ascii"),
        "coloured": lambda source: Markup(_coloured(source)),
        "printed": lambda written, cell: Markup(printed(str(escape(written)), f"#cell-{cell}")),
        "prose": lambda source, attachments: Markup(_prose(source, json.dumps(attachments))),
        "sanitise": lambda written: Markup(sanitise(written)),
        "strip_ansi": strip_ansi,
    }
    environment.globals |= {"payload": MIME, "priority": _PRIORITY}
    return environment.get_template("notebook/index.html.j2")


# Both languages and all runs of a notebook share their cells, so what a text became is remembered.
@lru_cache(maxsize=1024)
def _coloured(source: str) -> str:
    from nbconvert.filters import Highlight2HTML

    return str(Highlight2HTML(pygments_lexer="python")(source))


@lru_cache(maxsize=1024)
def _prose(source: str, attachments: str) -> str:
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    renderer = _renderer()(escape=False, exclude_anchor_links=True, attachments=json.loads(attachments))
    renderer.formulas = []
    text = source.translate({0xE000: None, 0xE001: None})
    safe = sanitise(str(MarkdownWithMath(renderer).render(text)))
    return _FORMULA.sub(lambda found: renderer.formulas[int(found[1])], safe)


@cache
def _renderer() -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    class Renderer(IPythonRenderer):  # type: ignore[misc]
        """Finds an attachment by any name; one that is missing does not stop the page. Formulas become MathML."""

        formulas: list[str]

        def image(self, text: str, url: str, title: str | None = None) -> str:
            name = unquote(url).removeprefix("attachment:")
            if url.startswith("attachment:"):
                url = f"attachment:{name}" if self.attachments.get(name) else ""
            return str(super().image(text, url, title))

        def _formula(self, body: str, display: str, written: str) -> str:
            if (shown := mathml(body, display)) is None:
                return html.escape(written)
            self.formulas.append(shown)
            return f"\ue000{len(self.formulas) - 1}\ue001"

        def inline_math(self, body: str) -> str:
            return self._formula(body, "inline", f"${body}$")

        def block_math(self, body: str) -> str:
            return f"<p>{self._formula(body, 'block', f'$${body}$$')}</p>"

        def latex_environment(self, name: str, body: str) -> str:
            written = rf"\begin{{{name}}}{body}\end{{{name}}}"
            return f"<p>{self._formula(written, 'block', written)}</p>"

    return Renderer


@lru_cache(maxsize=1024)
def mathml(formula: str, display: str = "inline") -> str | None:
    """A formula as MathML that holds no address, style or handler; None where it cannot be read.

    Examples
    --------
    >>> mathml("a < b", "inline")[:30]
    '<math xmlns="http://www.w3.org'
    """
    from xml.etree import ElementTree

    from latex2mathml import exceptions
    from latex2mathml.converter import convert

    own = [fault for fault in vars(exceptions).values() if isinstance(fault, type) and issubclass(fault, Exception)]
    faults: tuple[type[Exception], ...] = (ElementTree.ParseError, LookupError, ValueError, *own)
    try:
        tree = ElementTree.fromstring(convert(formula, display=display))
    except faults:
        return None
    for node in tree.iter():
        if node.tag.rpartition("}")[2] not in _MATH_TAGS:
            return None
        for name in set(node.attrib) - _MATH:
            del node.attrib[name]
    tree.set("alttext", formula)
    ElementTree.register_namespace("", "http://www.w3.org/1998/Math/MathML")
    return ElementTree.tostring(tree, encoding="unicode")


@cache
def _cleaner() -> Any:
    from bleach.html5lib_shim import Filter
    from bleach.sanitizer import Cleaner

    class Images(Filter):  # type: ignore[misc]
        """An image that may not be shown leaves its words, in the form Markdown writes it."""

        def __iter__(self) -> Iterator[dict[str, Any]]:
            for token in super().__iter__():
                if token.get("name") != "img":
                    yield token
                elif (None, "src") in token["data"]:
                    token["data"].setdefault((None, "alt"), "")
                    yield token
                else:
                    yield {"type": "Characters", "data": f"![{token['data'].get((None, 'alt'), '')}](…)"}

    return Cleaner(_TAGS, _harmless, ["http", "https", "mailto", "data"], strip=True, filters=[Images])


def sanitise(written: str) -> str:
    """HTML that a notebook wrote itself, reduced to harmless tags: no script, style, form, frame or foreign address."""
    return str(_cleaner().clean(_UNSEEN.sub("", written)))


def _harmless(tag: str, name: str, value: str) -> bool:
    if (tag, name) == ("img", "src"):
        return value.startswith("data:image/")
    return name in _ATTRIBUTES and not value.strip().lower().startswith("data:")


def render_notebook(notebook: dict[str, Any], language: str, figures: str | None, *, marked: str | None = None) -> str:
    """Body of a notebook's page: HTML without scripts or inline styles; what the notebook put out as HTML is sanitised.

    Prose cells of the other language are left out; payloads are rendered in this one. `figures` is the address of the folder
    with the drawn plots; without it only captions are set. `marked` is the id of the cell at which a failed run stopped;
    cells that were not executed then say so.
    """
    others = {f"lang-{name}" for name in LANGUAGES if name != language}
    shown = [cell for cell in notebook["cells"] if not others.intersection(cell["metadata"].get("tags", []))]
    cells = [_cell(json.dumps(cell, sort_keys=True), language, marked, figures is not None) for cell in shown]
    return "".join(cells).replace(f'src="{_FIGURES}/', f'src="{figures}/')


# The runs of a sweep share most of their cells.
@lru_cache(maxsize=2048)
def _cell(content: str, language: str, marked: str | None, drawn: bool) -> str:
    from markupsafe import Markup

    def figure(block: dict[str, Any]) -> str:
        return f"{_FIGURES}/{block['name']}.{language}.svg"

    html_of = partial(to_html, language=language, figure=figure if drawn else None, page=True)
    shown: str = _template().render(
        cells=[json.loads(content)], w=words(language), marked=marked, block=lambda block: Markup(html_of(block))
    )
    return shown


def with_contents(body: str) -> tuple[str, list[dict[str, str]]]:
    """A body with an id on each second-level heading, and those headings for the page's contents."""
    contents: list[dict[str, str]] = []

    def name(found: re.Match[str]) -> str:
        contents.append({"id": f"section-{len(contents) + 1}", "text": re.sub(r"<[^>]*>", "", found.group(1))})
        return f'<h2 id="{contents[-1]["id"]}">{found.group(1)}</h2>'

    return _HEADING.sub(name, body), contents
