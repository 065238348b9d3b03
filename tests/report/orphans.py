"""Numerals that a reader sees and that lead nowhere."""

import re
from html.parser import HTMLParser

# Quotations, citations, code, formulas and dates are no findings; the rest is navigation, or text for machines.
UNREAD = frozenset("option script style head nav header footer code math q cite time".split())
# What a cell printed is read; what it was written as, and the trace of an error, are code.
PRINTED = "cm-output"
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
NUMERAL = re.compile(r"\d[\d,.]*")


class Numerals(HTMLParser):
    """Numerals of a page outside links that lead to where a number comes from, each with the words around it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.orphans, self.unlinked = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in VOID:
            self.open.append((tag, attributes))
        if tag == "data" and not self._leads():
            self.unlinked.append(attributes.get("data-ref"))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not any(_is_code(tag, attributes) for tag, attributes in self.open) and not self._leads():
            self.orphans += [
                (found.group(), data[max(0, found.start() - 40) : found.end() + 40].strip()) for found in NUMERAL.finditer(data)
            ]

    def _leads(self):
        links = [attributes for tag, attributes in self.open if tag == "a" and attributes.get("href")]
        marked = any(tag == "data" for tag, _ in self.open)
        return any("cm-ref" in attributes.get("class", "") for attributes in links) or bool(links and marked)


def _is_code(tag, attributes):
    classes = (attributes.get("class") or "").split()
    return tag in UNREAD or (tag == "pre" and PRINTED not in classes)
