"""One entry of a YAML file, read value by value with every fault reported at its place."""

from __future__ import annotations

from county_metrics.errors import Problem, nearest
from county_metrics.evidence.periods import parse_period
from county_metrics.evidence.schema import QUOTE_LIMIT
from county_metrics.reading import Node, Scalar, YamlList, YamlMap, plain_form

OPTIONAL = frozenset(
    "url code code_from code_to end mechanisms reforms concurrent_events sha256"
    " figure expr alternatives relation left right derive unit".split()
)
"""Keys that may be left out or be empty."""


class Entry:
    """Takes values out of a YAML mapping and reports what is missing or wrong."""

    def __init__(
        self, node: Node, path: str, keys: tuple[str, ...], problems: list[Problem], optional: frozenset[str] = OPTIONAL
    ) -> None:
        self.path, self.problems, self.optional = path, problems, optional
        self.items: dict[str, Node] = {}
        self.line, self.column = node.line, node.column
        if not isinstance(node, YamlMap):
            self.problem("", node, f"must be a mapping with the keys {', '.join(keys)}")
            return
        self.items = node.items
        for name, (line, column) in node.keys.items():
            if name not in keys:
                problems.append(Problem(path, line, column, name, f"not a key here; {nearest(name, keys)}"))
        missing = [key for key in keys if key not in node.items and key not in optional]
        if missing:
            self.problem("", node, f"misses {', '.join(missing)}")

    def problem(self, field: str, node: Node | None, message: str) -> None:
        """Report something at a node, or at the entry itself."""
        line, column = (node.line, node.column) if node else (self.line, self.column)
        self.problems.append(Problem(self.path, line, column, field, message))

    def text(self, name: str) -> str:
        """Text of a key; empty after a report where it is missing or not plain text."""
        node = self.items.get(name)
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.problem(name, node, "must be plain text")
            return ""
        if not node.text and name not in self.optional:
            self.problem(name, node, "empty")
        return node.text

    def two(self, name: str) -> dict[str, str]:
        """Texts of ``<name>_en`` and ``<name>_zh`` by language."""
        return {"en": self.text(f"{name}_en"), "zh": self.text(f"{name}_zh")}

    def phrase(self, name: str) -> str:
        """A locating phrase, which must not be long."""
        value = self.text(name)
        if len(value) > QUOTE_LIMIT:
            self.problem(name, self.items[name], f"{len(value)} characters; at most {QUOTE_LIMIT} are allowed")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """Text that must be one of a few."""
        value = self.text(name)
        return self.among(name, self.items[name], allowed) if value else ""

    def among(self, name: str, node: Node, allowed: tuple[str, ...]) -> str:
        """Text of a node that must be one of a few; `name` is the key it belongs to."""
        value = node.text if isinstance(node, Scalar) else ""
        if value not in allowed:
            self.problem(name, node, f"'{value}' is not allowed; {nearest(value, allowed)}")
        return value

    def period(self, name: str) -> str:
        """Text that must be a date or interval."""
        value = self.text(name)
        if value and parse_period(value) is None:
            folded = plain_form(value)
            advice = f"write '{folded}'" if folded else "write 2016, 2014-10, 2014-01-17 or 2013/2016"
            self.problem(name, self.items[name], f"'{value}' is not a date or interval; {advice}")
        return value

    def list(self, name: str) -> list[Node]:
        """Items of a list; none where it is absent."""
        node = self.items.get(name)
        if node is None:
            return []
        if not isinstance(node, YamlList):
            self.problem(name, node, "must be a list (write [] when it is empty)")
            return []
        return node.items

    def texts(self, name: str) -> tuple[str, ...]:
        """Texts of a list, each plain."""
        nodes = self.list(name)
        for node in nodes:
            if not isinstance(node, Scalar):
                self.problem(name, node, "must be plain text")
        return tuple(node.text for node in nodes if isinstance(node, Scalar))

    def mapping(self, name: str) -> dict[str, Node]:
        """Nodes of a mapping by key; none where it is absent."""
        node = self.items.get(name)
        if node is not None and not isinstance(node, YamlMap):
            self.problem(name, node, "must hold 'name: value' lines (write {} when it is empty)")
        return node.items if isinstance(node, YamlMap) else {}
