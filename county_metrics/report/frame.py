"""What every page has: words, language, the way to the other language, to the main pages and to what a number rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from county_metrics.evidence.frames import curated
from county_metrics.present.wording import group
from county_metrics.report.links import Target, constants

MAIN = ("cases/index", "evidence/index", "audit", "mechanisms", "indicators", "methods", "reproduce")
"""Pages that every page leads to."""

_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@cache
def words(language: str) -> dict[str, str]:
    """Fixed words of the site in one language."""
    return {name: text[language] for name, text in group("site").items()}


def up(language: str, path: str) -> str:
    """Way from a page to the site's folder."""
    return "../" * ((language != "en") + path.count("/"))


def frame(language: str, path: str) -> dict[str, Any]:
    """Part of the context that every page has; `path` as in the English site."""
    w, root = words(language), "../" * path.count("/")
    other = "zh" if language == "en" else "en"
    top = up(language, path)
    here = path.removesuffix(".html")
    main = [{"label": w[f"nav_{name.partition('/')[0]}"], "url": f"{root}{name}.html", "here": here == name} for name in MAIN]
    return {
        "w": w, "lang": "en" if language == "en" else "zh-Hans", "other_lang": "zh-Hans" if other == "zh" else "en",
        "other_url": f"{top}{'zh/' if other == 'zh' else ''}{path}", "home_url": f"{root}index.html", "root": root, "up": top,
        "main": main, "scripts": [],
    }  # fmt: skip


@cache
def _figures() -> frozenset[str]:
    return frozenset(curated().figures)


def leads(path: str, own: Mapping[str, str] | None = None) -> Target:
    """Where the numbers of a page lead: what it shows itself, else the evidence card, the working, the constant.

    Parameters
    ----------
    path : str
        The page, as in the English site.
    own : mapping, optional
        Places on this page by reference.
    """
    root = "../" * path.count("/")

    def target(ref: str) -> str | None:
        kind, _, name = ref.partition(":")
        if kind == "figure" and name in _figures():
            return f"{root}evidence/{name}.html"
        if kind == "constant" and name in _constants():
            return f"{root}methods.html#constant-{name}"
        if own and ref in own:
            return own[ref]
        if kind == "param":
            return "#parameters"
        return f"{root}audit.html#working-{name}" if name in _claims() else None

    return target


@cache
def _constants() -> frozenset[str]:
    return frozenset(constant.id for constant in constants())


@cache
def _claims() -> frozenset[str]:
    return frozenset(claim.id for claim in curated().claims)


def quiet_direction(page: str) -> str:
    """A page in which no character turns the direction of what follows it; each is named instead."""
    return _TURNS.sub(lambda found: f"[U+{ord(found.group()):04X}]", page)
