"""The one way a number reaches a reader: formatted, marked up, and tied to where it comes from."""

from __future__ import annotations

import html
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

MINUS = "\u2212"
_LONG = Context(prec=400)


def number(
    value: Decimal | float | int | str, *, ref: str, places: int | None = None, signed: bool = False,
    unit: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Payload node of one number.

    Parameters
    ----------
    value : Decimal, float, int or str
        The full value; rounding is for display only.
    ref : str
        ``figure:<id>``, ``result:<name>``, ``param:<name>`` or ``constant:<name>``: where it comes from.
    places : int, optional
        Decimal places shown; None shows the value as it is.
    signed : bool
        Show a plus sign before a positive value.
    unit : payload text, optional
        Label of the unit, set after the number.

    Examples
    --------
    >>> number_plain(number(Decimal("-62.6087"), ref="result:percent_change", places=1), "en")
    '−62.6'
    """
    if not ref.startswith(("figure:", "result:", "param:", "constant:")):
        raise ValueError(f"a number needs a reference to where it comes from, not '{ref}'")
    return {"number": str(value), "ref": ref, "places": places, "signed": signed, "unit": unit}


def format_number(value: str, places: int | None, signed: bool) -> str:
    """Digits of a number as a reader sees them: grouped in threes from five digits, a true minus sign.

    Examples
    --------
    >>> format_number("9002", None, False), format_number("45700000000", None, False)
    ('9002', '45,700,000,000')
    """
    exact = Decimal(value)
    shown = exact if places is None else exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _LONG)
    whole, point, rest = f"{abs(shown):f}".partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}"
    sign = MINUS if shown < 0 else "+" if signed and shown > 0 else ""
    return sign + whole + point + rest


def number_plain(node: dict[str, Any], language: str) -> str:
    """A number node as plain text."""
    return format_number(node["number"], node["places"], node["signed"]) + _unit(node, language)


def number_html(node: dict[str, Any], language: str) -> str:
    """A number node as ``<data value="…" data-ref="…">``."""
    digits = format_number(node["number"], node["places"], node["signed"])
    value, ref = html.escape(node["number"]), html.escape(node["ref"])
    return f'<data value="{value}" data-ref="{ref}">{digits}</data>' + html.escape(_unit(node, language))


def _unit(node: dict[str, Any], language: str) -> str:
    if not node["unit"]:
        return ""
    from county_metrics.present.wording import plain

    label = plain(node["unit"], language)
    tight = label.startswith("%") or (language == "zh" and not label[:1].isascii())
    return label if tight else "\u00a0" + label
