"""Pages that the curated data alone shape, apart from the runs they name."""

from __future__ import annotations

from collections.abc import Iterator

from county_metrics.evidence.catalogue import Catalogue
from county_metrics.report.cards import Context, Uses, browser, card_pages
from county_metrics.report.catalogues import audit_page, indicator_page, mechanism_page
from county_metrics.report.method import method_page
from county_metrics.report.places import case_list, case_pages


def curated_pages(data: Catalogue, language: str, uses: Uses) -> Iterator[Context]:
    """Every such page in a language.

    Parameters
    ----------
    data : Catalogue
    language : {"en", "zh"}
    uses : mapping
        Runs that use a pair or a case.
    """
    yield case_list(data, language)
    yield from case_pages(data, language, uses)
    yield browser(data, language)
    yield from card_pages(data, language, uses)
    yield audit_page(data, language)
    yield mechanism_page(data, language)
    yield indicator_page(data, language)
    yield method_page(data, language)


def curated_paths(data: Catalogue) -> list[str]:
    """Paths of these pages, without making them."""
    own = [f"cases/{case.id}.html" for case in data.cases] + [f"evidence/{name}.html" for name in data.figures]
    return [
        "cases/index.html",
        "evidence/index.html",
        *own,
        *(f"{name}.html" for name in ("audit", "mechanisms", "indicators", "methods")),
    ]
