"""Table blocks as a journal takes them: three lines, caption above, as LaTeX and as HTML that a word processor opens."""

from __future__ import annotations

import html
import re
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

from county_metrics.pipeline.store import write_text
from county_metrics.present.number import number
from county_metrics.present.wording import LANGUAGES, plain, say

LEVELS = (Decimal("0.1"), Decimal("0.05"), Decimal("0.01"))
"""A star for each level that a p-value lies below."""
_LONG, _MANY = 24, 35
_LINE = 0.94
_BETWEEN = {"en": " ", "zh": ""}
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "[": "{[}", "]": "{]}", "*": "{*}", "`": r"\textasciigrave{}", '"': r"{\char34}",
    "\u00a0": "~", "\u2212": "$-$", "\u00b1": r"$\pm$", "\u00d7": r"$\times$", "\u00f7": r"$\div$", "\u2264": r"$\leq$",
    "\u2265": r"$\geq$", "\u2192": r"$\rightarrow$", "\u2026": r"\ldots{}", "\u00b7": r"$\cdot$", "\u2013": r"\textendash{}",
    "\u2014": r"\textemdash{}",
}  # fmt: skip
_CSP = "default-src 'none'; style-src 'unsafe-inline'"


def write_journal(block: dict[str, Any], folder: Path) -> None:
    """Write a table block into a folder in both languages: ``<table>.<language>.tex`` and ``.html``."""
    for language in LANGUAGES:
        write_text(folder / f"{block['name']}.{language}.tex", latex_table(block, language))
        write_text(folder / f"{block['name']}.{language}.html", html_table(block, language))


def printed_text(text: str) -> str:
    """Text on one line; what acts unseen (a control or direction sign) stands as its code point.

    Examples
    --------
    >>> printed_text("a" + chr(0x202E) + "b")
    'a[U+202E]b'
    """
    flat = re.sub(r"[\n\r\t\u2028\u2029]+", " ", text)
    return "".join(f"[U+{ord(sign):04X}]" if unicodedata.category(sign) in ("Cc", "Cf", "Cs") else sign for sign in flat)


def latex_text(text: str) -> str:
    r"""Text that LaTeX sets as it stands, with nothing in it that acts.

    Examples
    --------
    >>> latex_text("50% & \\input{x}")
    '50\\% \\& \\textbackslash{}input\\{x\\}'
    """
    return re.sub(r"([-',])(?=\1)", r"\1{}", "".join(_SPECIAL.get(sign, sign) for sign in printed_text(text)))


def stars(p_value: Any) -> str:
    """Stars of the cell that holds a p-value; none for one that is withheld."""
    if isinstance(p_value, dict) and p_value.get("say") == "effect.below":
        return "*" * sum(Decimal(p_value["slots"]["least"]["number"]) <= level for level in LEVELS)
    if not isinstance(p_value, dict) or "number" not in p_value:
        return ""
    value = Decimal(p_value["number"])
    return "*" * sum(value < level for level in LEVELS) if value.is_finite() else ""


def _cells(block: dict[str, Any], language: str) -> list[list[tuple[str, str]]]:
    """Text and stars of every cell; only the estimate beside a p-value carries stars."""
    names = [column["name"] for column in block["columns"]]
    rows = []
    for row in block["rows"]:
        found = stars(row[names.index("p_value")]) if "p_value" in names else ""
        rows.append([(plain(cell, language), found if name == "estimate" else "") for name, cell in zip(names, row, strict=True)])
    return rows


def _notes(block: dict[str, Any], language: str) -> list[str]:
    """Notes below a table; what the stars mean only where one could stand."""
    notes = [plain(note, language) for note in block["notes"]]
    names = [column["name"] for column in block["columns"]]
    if "estimate" in names and "p_value" in names:
        cells = [row[names.index("p_value")] for row in block["rows"]]
        if any(isinstance(cell, dict) and ("number" in cell or cell.get("say") == "effect.below") for cell in cells):
            levels = [number(level, ref="constant:star_level") for level in LEVELS]
            notes.insert(0, plain(say("journal.stars", first=levels[0], second=levels[1], third=levels[2]), language))
    return [plain(say("journal.notes"), language), *notes] if notes else []


def latex_table(block: dict[str, Any], language: str) -> str:
    r"""A table block as LaTeX that needs only booktabs (and longtable where it is long); set Chinese with ctex.

    Examples
    --------
    >>> from county_metrics.present.payload import table
    >>> from county_metrics.present.tables import column
    >>> block = table("t", "Items", [column("a", "A"), column("b", "B", numeric=True)], [["x & y", "1"]])
    >>> print(latex_table(block, "en").splitlines()[8])
    x \& y & 1 \\
    """
    cells = _cells(block, language)
    widths = [max([0, *(len(row[index][0]) for row in cells)]) for index in range(len(block["columns"]))]
    long = [width > _LONG and not column["numeric"] for width, column in zip(widths, block["columns"], strict=True)]
    total = sum(width**0.5 for width, wide in zip(widths, long, strict=True) if wide)
    short = sum(width for width, wide in zip(widths, long, strict=True) if not wide)
    share = max(0.4, _LINE - 0.011 * short)
    formats = [
        f"p{{{share * width**0.5 / total:.2f}\\linewidth}}" if wide else "r" if column["numeric"] else "l"
        for width, wide, column in zip(widths, long, block["columns"], strict=True)
    ]
    head = " & ".join(latex_text(plain(column["label"], language)) for column in block["columns"])
    body = [" & ".join(latex_text(text) + (f"$^{{{mark}}}$" if mark else "") for text, mark in row) + r" \\" for row in cells]
    caption = rf"\caption{{{latex_text(plain(block['caption'], language))}}}"
    frame = ("@{}" + "".join(formats) + "@{}", caption + _label(block), [r"\toprule", rf"{head} \\", r"\midrule"])
    notes = latex_text(_BETWEEN[language].join(_notes(block, language)))
    note = [r"\par\smallskip", rf"{{\footnotesize {notes}\par}}"] if notes else []
    lead = rf"% \usepackage{{booktabs{',longtable' if len(body) > _MANY else ''}}}"
    lead += r" \usepackage{ctex}" if language == "zh" else ""
    lines = _long_table(*frame, body) if len(body) > _MANY else _short_table(*frame, body)
    at = len(lines) if len(body) > _MANY else -1
    return "\n".join([lead, *lines[:at], *note, *(lines[at:] if at < 0 else [])]) + "\n"


def _label(block: dict[str, Any]) -> str:
    return rf"\label{{tab:{re.sub(r'[^A-Za-z0-9-]', '-', block['name'])}}}"


def _short_table(formats: str, caption: str, head: list[str], body: list[str]) -> list[str]:
    opened = [r"\begin{table}[htbp]", r"\centering", caption, rf"\begin{{tabular}}{{{formats}}}"]
    return [*opened, *head, *body, r"\bottomrule", r"\end{tabular}", r"\end{table}"]


def _long_table(formats: str, caption: str, head: list[str], body: list[str]) -> list[str]:
    opened = [rf"\begin{{longtable}}{{{formats}}}", rf"{caption} \\", *head, r"\endfirsthead", *head, r"\endhead"]
    return [*opened, r"\bottomrule", r"\endlastfoot", *body, r"\end{longtable}"]


def html_table(block: dict[str, Any], language: str) -> str:
    """A table block as one page of HTML that a word processor opens as a table of three lines."""
    columns = block["columns"]
    under = ";border-top:1.5pt solid #000;border-bottom:0.75pt solid #000;font-weight:bold"
    head = "".join(_cell("th", _safe(plain(column["label"], language)), column, under) for column in columns)
    rows = _cells(block, language)
    body = ""
    for place, row in enumerate(rows, 1):
        last = ";border-bottom:1.5pt solid #000" if place == len(rows) else ""
        filled = (_safe(text) + (f"<sup>{mark}</sup>" if mark else "") for text, mark in row)
        body += "<tr>" + "".join(_cell("td", text, col, last) for text, col in zip(filled, columns, strict=True)) + "</tr>\n"
    notes = _safe(_BETWEEN[language].join(_notes(block, language)))
    note = f'<p style="font-size:9pt">{notes}</p>\n' if notes else ""
    caption = _safe(plain(block["caption"], language))
    fonts = "'Times New Roman',SimSun,serif" if language == "zh" else "'Times New Roman',serif"
    return (
        f'<!DOCTYPE html>\n<html lang="{"en" if language == "en" else "zh-Hans"}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">\n<title>{caption}</title></head>\n'
        f'<body style="font-family:{fonts};font-size:10.5pt">\n'
        f'<table style="border-collapse:collapse">\n<caption style="caption-side:top;font-weight:bold">{caption}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n{note}</body></html>\n"
    )


def _cell(tag: str, text: str, column: dict[str, Any], line: str) -> str:
    side = "right" if column["numeric"] else "left"
    return f'<{tag} style="padding:2pt 6pt;text-align:{side};vertical-align:top{line}">{text}</{tag}>'


def _safe(text: str) -> str:
    return html.escape(printed_text(text))
