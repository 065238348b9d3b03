"""Words in English and Chinese: one catalogue, one way to render a text node in either language."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from county_metrics.present.number import number_html, number_plain

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_SLOT = re.compile(r"\{(\w+)\}")
_FILES = (
    "wording.toml",
    "wording_site.toml",
    "wording_records.toml",
    "wording_series.toml",
    "wording_panel.toml",
    "wording_pdf.toml",
)
_current: Language = "en"


def set_language(language: str) -> None:
    """Choose the language in which results show themselves in a notebook or on a terminal.

    Parameters
    ----------
    language : {"en", "zh"}

    Raises
    ------
    ValueError
        For any other language.
    """
    global _current
    if language not in LANGUAGES:
        raise ValueError(f"the language is 'en' or 'zh', not '{language}'")
    _current = language


def current_language() -> Language:
    """Language in which results show themselves now."""
    return _current


@cache
def _groups() -> dict[str, str]:
    """Text of each group of each ``wording*.toml``, not yet parsed: a run uses few of them."""
    here = Path(__file__).parent
    parts = [re.split(r"^\[(\w+)\]$", (here / name).read_text("utf-8"), flags=re.M)[1:] for name in _FILES]
    return {name: text for part in parts for name, text in zip(part[::2], part[1::2], strict=True)}


@cache
def group(name: str) -> dict[str, dict[str, str]]:
    """Messages of a group: name → {"en": …, "zh": …}; empty if there is no such group."""
    return tomllib.loads(_groups().get(name, ""))


def message(name: str) -> dict[str, str] | None:
    """The message ``group.name`` in both languages, if there is one."""
    head, _, rest = name.partition(".")
    return group(head).get(rest)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every message: id → {"en": …, "zh": …}."""
    return {f"{head}.{name}": text for head in _groups() for name, text in group(head).items()}


def say(name: str, /, **slots: Any) -> dict[str, Any]:
    """Text node: a message of the catalogue with its slots filled by numbers, texts or plain strings.

    Raises
    ------
    KeyError
        If there is no such message or its slots do not fit.
    """
    found = message(name)
    if found is None:
        raise KeyError(f"there is no message '{name}'")
    wanted = set(_SLOT.findall(found["en"]))
    if wanted != set(slots):
        raise KeyError(f"message '{name}' takes {sorted(wanted)}, got {sorted(slots)}")
    return {"say": name, "slots": slots} if slots else {"say": name}


def both(en: str, zh: str) -> dict[str, Any]:
    """Text node of two given strings (labels of data, say)."""
    return {"en": en, "zh": zh}


def join(parts: list[Any], separator: Any = "") -> dict[str, Any]:
    """Text node of several nodes in a row, with a text between them."""
    return {"join": parts, "by": separator}


def plain(node: Any, language: str) -> str:
    """A text node as plain text."""
    return _render(node, language, number_plain, lambda text: text)


def markup(node: Any, language: str) -> str:
    """A text node as HTML: words escaped, numbers marked up."""
    return _render(node, language, number_html, lambda text: html.escape(text, quote=False))


def _render(node: Any, language: str, show_number: Callable[[Any, str], str], escape: Callable[[str], str]) -> str:
    if node is None:
        return ""
    if isinstance(node, str):
        return escape(node)
    if "number" in node:
        return show_number(node, language)
    if "join" in node:
        return _render(node["by"], language, show_number, escape).join(
            _render(part, language, show_number, escape) for part in node["join"]
        )
    if "say" not in node:
        return escape(node[language] or node["en"])
    slots = node.get("slots", {})
    found = message(node["say"])
    if found is None:
        raise KeyError(f"there is no message '{node['say']}'")
    pieces = _SLOT.split(found[language])
    return "".join(
        _render(slots[piece], language, show_number, escape) if index % 2 else escape(piece) for index, piece in enumerate(pieces)
    )
