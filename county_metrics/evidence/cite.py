"""Citations of the source works: BibTeX and the form of GB/T 7714."""

from __future__ import annotations

from county_metrics.evidence.schema import Source


def gbt7714(source: Source) -> str:
    """Citation in the form of GB/T 7714.

    Examples
    --------
    >>> from county_metrics.evidence.load import load_case
    >>> gbt7714(load_case("demonstration_zone").figures[0].source)
    '我国县域治理的功能定位与运行机制[J]. 国家治理, [出版日期不详].'
    """
    return source.cite["zh"]


def bibtex(source: Source) -> str:
    """BibTeX entry, the source's id as its key; what the source does not print is left out.

    Examples
    --------
    >>> from county_metrics.evidence.load import load_case
    >>> print(bibtex(load_case("longgang").figures[0].source).splitlines()[0])
    @misc{longgang_2024,
    """
    year = source.issued[:4] if source.issued_basis == "stated" else ""
    fields = {
        "author": "{" + source.author["zh"] + "}",
        "title": "{" + source.title["zh"] + "}",
        "titleaddon": source.title["en"],
        "howpublished": source.outlet["zh"],
        "year": year,
        "date": source.issued if source.issued_basis == "stated" else "",
        "url": source.url,
        "note": source.cite["en"],
        "language": "chinese",
    }
    lines = [f"  {name} = {{{_escaped(value)}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{source.id},", *lines, "}"]) + "\n"


def _escaped(text: str) -> str:
    return "".join("\\" + sign if sign in "&%$#_" else sign for sign in text)
