"""An executed notebook as the body of a page in one language."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from county_metrics.present.payload import MIME, to_html
from county_metrics.present.wording import LANGUAGES, catalogue

_PRIORITY = [MIME, *"text/html image/svg+xml image/png image/jpeg text/markdown text/plain".split()]
_DATA = re.compile(r'<data\b[^>]*\bdata-ref="([^"]*)"[^>]*>[^<]*</data>')
_TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img "
    "ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
_ATTRIBUTES = frozenset("alt class colspan dir href hreflang id lang rowspan scope start title".split())
_UNSEEN = re.compile(r"<(style|script)\b.*?</\1\s*>", re.S | re.I)
_HEADING = re.compile(r"<h2\b[^>]*>(.*?)</h2>", re.S)


def words(language: str) -> dict[str, str]:
    """Fixed words of the site in one language."""
    return {name.removeprefix("site."): text[language] for name, text in catalogue().items() if name.startswith("site.")}


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup
    from nbconvert.filters import strip_ansi

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    environment.filters |= {
        "base64": lambda text: b64encode(text.encode("utf-8")).decode("ascii"),
        "coloured": lambda source: Markup(_coloured(source)),
        "prose": lambda source, attachments: Markup(_prose(source, json.dumps(attachments))),
        "sanitise": lambda html: Markup(sanitise(html)),
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
    return sanitise(str(MarkdownWithMath(renderer).render(source)))


@cache
def _renderer() -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    class Renderer(IPythonRenderer):  # type: ignore[misc]
        """Finds an attachment by any name; one that is missing does not stop the page."""

        def image(self, text: str, url: str, title: str | None = None) -> str:
            name = unquote(url).removeprefix("attachment:")
            if url.startswith("attachment:"):
                url = f"attachment:{name}" if self.attachments.get(name) else ""
            return str(super().image(text, url, title))

    return Renderer


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


def sanitise(html: str) -> str:
    """HTML that a notebook wrote itself, reduced to harmless tags: no script, style, form, frame or foreign address."""
    return str(_cleaner().clean(_UNSEEN.sub("", html)))


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
    from markupsafe import Markup

    others = {f"lang-{name}" for name in LANGUAGES if name != language}
    shown = [cell for cell in notebook["cells"] if not others.intersection(cell["metadata"].get("tags", []))]
    html: str = _template().render(
        cells=shown, w=words(language), marked=marked, block=lambda content: Markup(to_html(content, language, figure))
    )
    return html


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
